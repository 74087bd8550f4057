import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";

/** One value at a moment: milliseconds since 1970, and whatever unit the chart shows. */
export interface Point {
  at: number;
  value: number;
}

/** A stretch of time that stands out, with its name. */
export interface Span {
  from: number;
  to: number;
  label: string;
}

/** The drawing: outer size, and the room kept free around the plot for labels. */
export interface Box {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Plot {
  line: string;
  area: string;
  ticks: { y: number; value: number }[];
  /** Distance between two ticks, in values. */
  step: number;
  x: (at: number) => number;
  y: (value: number) => number;
  at: (x: number) => number;
}

/** Places points in a box. The value axis starts at zero, so that heights can be compared. */
export function plot(points: readonly Point[], box: Box): Plot {
  const first = points[0]?.at ?? 0;
  const last = points.at(-1)?.at ?? first + 1;
  const top = Math.max(0, ...points.map((p) => p.value));
  const low = Math.min(0, ...points.map((p) => p.value));
  const x = scaleLinear()
    .domain([first, last > first ? last : first + 1])
    .range([box.left, box.width - box.right]);
  const y = scaleLinear()
    .domain([low, top > low ? top : low + 1])
    .nice(5)
    .range([box.height - box.bottom, box.top]);
  const values = top > low ? y.ticks(5) : [0];
  const ground = y(0);
  return {
    line:
      line<Point>(
        (p) => x(p.at),
        (p) => y(p.value),
      )(points as Point[]) ?? "",
    area:
      area<Point>()
        .x((p) => x(p.at))
        .y0(ground)
        .y1((p) => y(p.value))(points as Point[]) ?? "",
    ticks: values.map((value) => ({ value, y: y(value) })),
    step: values.length > 1 ? (values[1] ?? 0) - (values[0] ?? 0) : 1,
    x,
    y,
    at: (px) => x.invert(px),
  };
}

/** Index of the point nearest to a moment; -1 without points. Points are in order of time. */
export function nearest(points: readonly Point[], at: number): number {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  const after = points[low];
  const before = points[low - 1];
  if (before && after && at - before.at <= after.at - at) return low - 1;
  return after ? low : -1;
}

/**
 * Moments at which a new day begins, thinned so that labels of the given width do not touch.
 * dayOf names the day of a moment in the workspace's zone.
 */
export function dayStarts(points: readonly Point[], dayOf: (at: number) => string, room: number, label: number): number[] {
  const starts: number[] = [];
  let day = points[0] ? dayOf(points[0].at) : "";
  for (const { at } of points) {
    const now = dayOf(at);
    if (now !== day) starts.push(at);
    day = now;
  }
  const fit = Math.max(1, Math.floor(room / label));
  const every = Math.max(1, Math.ceil(starts.length / fit));
  return starts.filter((_, i) => (starts.length - 1 - i) % every === 0);
}

/** Where the text of a label starts so that it stays inside: the middle of the label at x when there is room. */
export function keepInside(x: number, width: number, left: number, right: number): number {
  return Math.min(Math.max(x, left + width / 2), right - width / 2);
}
