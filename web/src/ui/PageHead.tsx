import type { ReactNode } from "react";
import { useTitle } from "./title";

interface PageHeadProps {
  title: string;
  /** null keeps its line free until it is known. */
  lead?: ReactNode;
  /** The way back, above the title. */
  back?: ReactNode;
  actions?: ReactNode;
  name?: string;
}

/** Title, one line about it, and what can be done with the whole page. */
export function PageHead({ title, lead, back, actions, name }: PageHeadProps) {
  useTitle(title);
  return (
    <div className="mb-4 flex flex-wrap items-end justify-between gap-x-4 gap-y-3 md:mb-6" data-c={name}>
      <div className="min-w-0">
        {back !== undefined && <div className="mb-1 text-[13px]">{back}</div>}
        <h1 className="text-[20px] leading-tight font-bold tracking-tight [overflow-wrap:anywhere] md:text-[24px]">{title}</h1>
        {lead !== undefined && <div className="mt-0.5 min-h-5 text-fg-3">{lead}</div>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-2 max-md:w-full">{actions}</div>}
    </div>
  );
}
