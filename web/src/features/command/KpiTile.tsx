import type { ReactNode } from "react";
import { Skeleton } from "../../ui/Skeleton";

interface KpiTileProps {
  name: string;
  label: string;
  /** Log position of the figure, for tests that compare tiles. */
  position: number | undefined;
  figure: ReactNode;
  /** The exact figure on hover. */
  title?: string | undefined;
  /** A short addition beside the label. */
  note?: string | undefined;
  delta?: ReactNode;
  spark?: ReactNode;
}

/** One figure of the first row. Its size does not depend on what it shows. */
export function KpiTile({ name, label, position, figure, title, note, delta, spark }: KpiTileProps) {
  return (
    <section
      className="flex h-[106px] min-w-0 flex-col rounded-card border border-line bg-surface px-3.5 py-3 md:h-[120px] md:px-4 md:py-3.5"
      data-c={name}
      data-position={position}
      aria-label={label}
    >
      <h2 className="flex gap-2 text-[13px] text-fg-3">
        <span className="whitespace-nowrap">{label}</span>
        {note !== undefined && <span className="truncate">{note}</span>}
      </h2>
      <p className="mt-0.5 truncate text-[22px] leading-[1.3] font-bold tracking-tight max-[359px]:text-[17px] md:text-[28px]" title={title} data-c="figure">
        {figure ?? <Skeleton className="mt-1.5 h-6 w-28" />}
      </p>
      <div className="mt-auto flex min-h-7 items-end justify-between gap-2">
        {figure === undefined ? <Skeleton className="h-4 w-16" /> : <div className="min-w-0 flex-1">{delta}</div>}
        {spark}
      </div>
    </section>
  );
}
