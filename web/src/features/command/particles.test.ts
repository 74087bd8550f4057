import { expect, it } from "vitest";
import { dotCount, move, scatter, speedOf } from "./particles";

it("stands still without events, and is faster the more there are, up to a bound", () => {
  expect([speedOf(0), speedOf(-1), speedOf(NaN)]).toEqual([0, 0, 0]);
  expect(speedOf(0.1)).toBeGreaterThan(0);
  expect(speedOf(40)).toBeGreaterThan(2 * speedOf(2));
  expect(speedOf(1e9)).toBe(speedOf(1e8));
});

it("moves fifty dots by their speed, and keeps them on the strip", () => {
  const chance = () => 0.5;
  const [slow, fast] = [scatter(chance), scatter(chance)];
  move(slow, 1, speedOf(2));
  move(fast, 1, speedOf(40));
  expect([slow.length, fast.length]).toEqual([dotCount, dotCount]);
  expect((fast[0]?.x ?? 0) - 0.5).toBeGreaterThan(2 * ((slow[0]?.x ?? 0) - 0.5));
  move(fast, 100, speedOf(40));
  for (const { x, y } of fast) expect([x >= 0 && x < 1, y > 0 && y < 1]).toEqual([true, true]);
});
