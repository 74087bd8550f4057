import type { ReactNode } from "react";

interface EmptyProps {
  title: string;
  why: string;
  /** The one thing to do about it. */
  action?: ReactNode;
}

/** An empty state: what is empty, why, and one action. */
export function Empty({ title, why, action }: EmptyProps) {
  return (
    <div className="appear flex flex-1 flex-col items-center justify-center gap-1 px-4 py-8 text-center">
      <p className="font-medium text-fg">{title}</p>
      <p className="max-w-[46ch] text-[13px] text-fg-3">{why}</p>
      {action !== undefined && <div className="mt-3">{action}</div>}
    </div>
  );
}
