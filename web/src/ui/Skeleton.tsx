import { cx } from "./cx";

/** A grey shape of the final size. It takes its space at once and shows after 150 ms. */
export function Skeleton({ className }: { className?: string }) {
  return <div className={cx("skeleton", className)} aria-hidden="true" />;
}
