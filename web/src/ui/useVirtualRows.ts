import { measureElement, useWindowVirtualizer, type VirtualItem } from "@tanstack/react-virtual";
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

/** Where the list of an address began when it was last seen, and how high a row was. It is so again, and is drawn in one go. */
const seenAt = new Map<string, { top: number; row: number }>();

/**
 * Of a list of thousands only the rows near the window are drawn. The page itself scrolls, not a frame inside it.
 * near is called while the end of the list is in sight.
 */
export function useVirtualRows<E extends HTMLElement>(count: number, rowHeight: number, near: () => void): VirtualRows<E> {
  const body = useRef<E>(null);
  const [before] = useState(() => seenAt.get(location.pathname) ?? { top: 0, row: rowHeight });
  const [top, setTop] = useState(before.top);
  useLayoutEffect(() => {
    const now = (body.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    const row = body.current?.querySelector<HTMLElement>("[data-index]")?.offsetHeight;
    seenAt.set(location.pathname, { top: now, row: row || before.row });
    setTop((old) => (Math.abs(old - now) > 1 ? now : old));
  });
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => before.row,
    overscan: 4,
    scrollMargin: top,
    // The first drawing has the rows of a window of this height, at its top. Asked where it is, and each row how high, the browser
    // would lay the page out again and again while it is built; it tells both by itself before anything is painted.
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    initialOffset: 0,
    measureElement: (row, entry, list) => (entry ? measureElement(row, entry, list) : (list.itemSizeCache.get(list.indexFromElement(row)) ?? before.row)),
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
