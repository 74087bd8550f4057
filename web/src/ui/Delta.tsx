import { ArrowDownRight, ArrowRight, ArrowUpRight } from "lucide-react";
import { cx } from "./cx";

interface DeltaProps {
  /** The change; its sign chooses the arrow. */
  change: number;
  text: string;
  /** The same with its base, for readers and on hover: "+12.5 % against yesterday, same time". */
  label: string;
  /** For durations and errors less is better. */
  lessIsBetter?: boolean;
}

/** A change: arrow, sign, figure, colour. */
export function Delta({ change, text, label, lessIsBetter = false }: DeltaProps) {
  const good = lessIsBetter ? change < 0 : change > 0;
  const Icon = change === 0 ? ArrowRight : change > 0 ? ArrowUpRight : ArrowDownRight;
  const direction = change === 0 ? "flat" : change > 0 ? "up" : "down";
  return (
    <span
      className={cx(
        "tint inline-flex items-center gap-1.5 align-middle text-[13px] leading-normal font-normal tracking-normal whitespace-nowrap tabular-nums",
        change === 0 ? "text-fg-3" : good ? "text-accent" : "text-crit",
      )}
      data-direction={direction}
      title={label}
    >
      <Icon className="size-3.5 shrink-0" aria-hidden="true" />
      <span aria-hidden="true">{text}</span>
      <span className="sr-only">{label}</span>
    </span>
  );
}
