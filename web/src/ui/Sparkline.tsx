import { cx } from "./cx";
import { sparkPath } from "./spark";

interface SparklineProps {
  values: number[];
  falling?: boolean;
  className?: string | undefined;
}

const width = 80;
const height = 28;

/** A small line above its baseline; nothing below two values, which make no line. The figures beside it say the same in words. */
export function Sparkline({ values, falling = false, className }: SparklineProps) {
  const path = sparkPath(values, width, height - 3);
  if (path === "") return null;
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" className={cx("max-w-[45%] shrink-0", className)}>
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} className="stroke-line" />
      <path
        d={path}
        fill="none"
        strokeWidth="1.75"
        strokeLinejoin="round"
        strokeLinecap="round"
        className={falling ? "stroke-crit" : "stroke-accent"}
      />
    </svg>
  );
}
