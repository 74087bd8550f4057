import { describe, expect, it } from "vitest";
import { dayStarts, keepInside, nearest, plot, type Box } from "./geometry";

const box: Box = { width: 500, height: 200, left: 50, right: 10, top: 10, bottom: 30 };
const hour = 3_600_000;
const points = [0, 1, 2, 3].map((i) => ({ at: i * hour, value: i * 100 }));

describe("plot", () => {
  it("fills the box from the first to the last moment and from zero to above the highest", () => {
    const drawn = plot(points, box);
    expect([drawn.x(0), drawn.x(3 * hour)]).toEqual([50, 490]);
    expect(drawn.y(0)).toBe(170);
    expect(drawn.y(300)).toBeGreaterThanOrEqual(10);
    expect(drawn.line).toMatch(/^M50,170L/);
    expect(drawn.at(drawn.x(2 * hour))).toBeCloseTo(2 * hour);
  });

  it("places ticks at equal steps that include zero and cover the highest value", () => {
    const { ticks, step } = plot(points, box);
    expect(ticks[0]?.value).toBe(0);
    expect(ticks.at(-1)?.value).toBeGreaterThanOrEqual(300);
    for (let i = 1; i < ticks.length; i++) expect((ticks[i]?.value ?? 0) - (ticks[i - 1]?.value ?? 0)).toBe(step);
  });

  it("draws no points, one point and all zeros without a number that is none", () => {
    for (const few of [[], points.slice(0, 1), points.map((p) => ({ ...p, value: 0 }))]) {
      const drawn = plot(few, box);
      expect(drawn.line + drawn.area + JSON.stringify(drawn.ticks)).not.toMatch(/NaN|null|Infinity/);
    }
  });

  it("keeps values below zero inside the box", () => {
    const drawn = plot([{ at: 0, value: -50 }, { at: hour, value: 100 }], box);
    expect(drawn.y(-50)).toBeLessThanOrEqual(170);
    expect(drawn.y(0)).toBeLessThan(drawn.y(-50));
  });
});

describe("nearest", () => {
  it.each([
    [-5, 0],
    [0, 0],
    [hour * 0.4, 0],
    [hour * 0.5, 0],
    [hour * 0.6, 1],
    [hour * 2.9, 3],
    [hour * 99, 3],
  ])("at %d", (at, want) => expect(nearest(points, at)).toBe(want));
  it("finds nothing among nothing", () => expect(nearest([], 5)).toBe(-1));
});

describe("dayStarts", () => {
  const week = Array.from({ length: 168 }, (_, i) => ({ at: i * hour, value: 0 }));
  const dayOf = (at: number) => String(Math.floor(at / (24 * hour)));

  it("names every day when there is room", () => {
    expect(dayStarts(week, dayOf, 700, 96)).toEqual([1, 2, 3, 4, 5, 6].map((day) => day * 24 * hour));
  });

  it("thins from the newest day backwards", () => {
    expect(dayStarts(week, dayOf, 300, 96)).toEqual([2, 4, 6].map((day) => day * 24 * hour));
    expect(dayStarts(week, dayOf, 10, 96)).toEqual([6 * 24 * hour]);
  });

  it("follows the zone's days, also those of 23 and 25 hours", () => {
    const short = (at: number) => (at < 23 * hour ? "a" : at < 47 * hour ? "b" : "c");
    expect(dayStarts(week.slice(0, 60), short, 700, 96)).toEqual([23 * hour, 47 * hour]);
  });
});

describe("keepInside", () => {
  it.each([
    [100, 100],
    [5, 40],
    [495, 460],
  ])("a label of 80 at %d", (x, want) => expect(keepInside(x, 80, 0, 500)).toBe(want));
});
