/** A dot: where it is, in shares of the strip, how large it is in pixels, and how far in front. */
export interface Dot {
  x: number;
  y: number;
  size: number;
  depth: number;
}

export const dotCount = 50;
const slowest = 0.02;
const fastest = 0.4;

/** Widths of the strip that the foremost dot goes in a second: none without events, and each doubling of the events adds as much. */
export function speedOf(eventsPerSecond: number): number {
  if (!(eventsPerSecond > 0)) return 0;
  return Math.min(fastest, slowest + 0.035 * Math.log2(1 + eventsPerSecond));
}

/** Dots all over the strip; chance gives numbers from 0 to below 1. */
export function scatter(chance: () => number): Dot[] {
  return Array.from({ length: dotCount }, () => {
    const depth = 0.3 + 0.7 * chance();
    return { x: chance(), y: 0.1 + 0.8 * chance(), size: 1 + 1.5 * depth, depth };
  });
}

/** Moves each dot on; what leaves on the right comes back on the left. */
export function move(dots: Dot[], seconds: number, speed: number): void {
  for (const dot of dots) dot.x = (dot.x + seconds * speed * dot.depth) % 1;
}
