import { useWindowVirtualizer, type VirtualItem } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

interface VirtualRows<E extends HTMLElement> {
  /** The rows to draw; each takes `measure` as its ref and `index` as data-index. */
  rows: VirtualItem[];
  /** Heights of what is above and below them, in pixels. */
  above: number;
  below: number;
  measure: (row: HTMLElement | null) => void;
  /** Of the element whose rows these are. */
  body: RefObject<E | null>;
}

/**
 * Of a list of thousands only the rows near the window are drawn. The page itself scrolls, not a frame inside it.
 * near is called while the end of the list is in sight.
 */
export function useVirtualRows<E extends HTMLElement>(count: number, rowHeight: number, near: () => void): VirtualRows<E> {
  const body = useRef<E>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const now = (body.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    setTop((before) => (Math.abs(before - now) > 1 ? now : before));
  });
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => rowHeight,
    overscan: 15,
    scrollMargin: top,
  });
  const seen = virtual.range?.endIndex ?? 0;
  useEffect(() => {
    if (seen >= count - 5) near(); // asked again with every drawing: the list may be busy now
  });
  const rows = virtual.getVirtualItems();
  const [first, last] = [rows[0], rows.at(-1)];
  return {
    rows,
    above: first ? first.start - top : 0,
    below: last ? virtual.getTotalSize() + top - last.end : 0,
    measure: virtual.measureElement,
    body,
  };
}
