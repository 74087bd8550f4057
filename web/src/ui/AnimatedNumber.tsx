import { useLayoutEffect, useRef } from "react";
import { cx } from "./cx";

interface AnimatedNumberProps {
  value: number;
  /** The text of a value in two parts; the second is set smaller. Must be the same function while nothing but the value changes. */
  parts: (value: number) => readonly [string, string];
  className?: string;
  smallClassName?: string;
}

export const countingMs = 400;

/**
 * A number that counts from what it showed to its new value in 400 ms. The text is written to the page directly: React
 * renders once a value, not once a frame. Hidden pages and readers who want less motion get the new value at once.
 */
export function AnimatedNumber({ value, parts, className, smallClassName }: AnimatedNumberProps) {
  const big = useRef<HTMLSpanElement>(null);
  const small = useRef<HTMLSpanElement>(null);
  const shown = useRef<number | undefined>(undefined);
  const frame = useRef(0);

  useLayoutEffect(() => {
    const write = (n: number): void => {
      const [head, tail] = parts(n);
      shown.current = n;
      put(big.current, head);
      put(small.current, tail);
    };
    const from = shown.current;
    if (from === undefined || from === value || still()) {
      write(value);
      return;
    }
    let start: number | undefined;
    const step = (now: number): void => {
      start ??= now;
      const part = Math.min(1, (now - start) / countingMs);
      write(part < 1 ? from + (value - from) * easeOut(part) : value);
      if (part < 1) frame.current = requestAnimationFrame(step);
    };
    frame.current = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame.current);
  }, [value, parts]);

  return (
    <span className={cx("tabular-nums", className)}>
      <span ref={big} />
      <span ref={small} className={smallClassName} />
    </span>
  );
}

function put(element: HTMLElement | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

function easeOut(part: number): number {
  return 1 - (1 - part) ** 3;
}

function still(): boolean {
  return document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches;
}
