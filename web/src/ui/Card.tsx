import type { ReactNode } from "react";
import { cx } from "./cx";

interface CardProps {
  title: string;
  /** Right of the title: a link, or what the figures cover. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  /** Name for the tests and the requirements list. */
  name?: string;
}

/** One region of a screen. */
export function Card({ title, aside, children, className, name }: CardProps) {
  return (
    <section
      className={cx("flex min-w-0 flex-col rounded-card border border-line bg-surface p-4", className)}
      data-c={name}
      aria-label={title}
    >
      <header className="mb-3 flex min-h-6 items-center justify-between gap-3">
        <h2 className="text-[15px] font-semibold">{title}</h2>
        {aside !== undefined && <div className="text-[13px] text-fg-3">{aside}</div>}
      </header>
      {children}
    </section>
  );
}
