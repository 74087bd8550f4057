import { expect, it, vi } from "vitest";
import { Problem } from "../../wire/problem";
import { forEach, inParts } from "./bulk";

it("sums up what became of each, and sends what got no answer again under its key", async () => {
  const keys = new Map<string, string>();
  const seen = new Map<string, string[]>();
  let away = true;
  const act = async (id: string, key: string): Promise<void> => {
    seen.set(id, [...(seen.get(id) ?? []), key]);
    if (id === "gone" || id === "shipped") throw new Problem(409, "This order is finished.");
    if (id === "held") throw new Problem(409, "");
    if (id === "lost" && away) throw new Problem(0, "");
  };
  const told = vi.fn();
  const first = await forEach(["a", "gone", "lost", "shipped", "held", "b"], keys, act, told);
  expect(first).toEqual({
    done: 2,
    refused: [
      { why: "This order is finished.", count: 2 },
      { why: "The server refused this without a reason.", count: 1 },
    ],
    unsure: ["lost"],
  });
  expect(told.mock.calls.map(([sent]) => sent as number)).toEqual([1, 2, 3, 4, 5, 6]);
  away = false;
  expect(await forEach(["lost", "a"], keys, act, told)).toEqual({ done: 2, refused: [], unsure: [] });
  expect(new Set(seen.get("lost")).size).toBe(1);
  expect(new Set(seen.get("a")).size).toBe(2); // asked for anew
  expect(keys.size).toBe(0);
});

it("has four under way at once", async () => {
  let running = 0;
  let most = 0;
  await forEach(Array.from({ length: 20 }, (_, i) => String(i)), new Map(), async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
  }, () => undefined);
  expect(most).toBe(4);
});

it("a review goes in parts, each order is answered by itself, and what got no answer stays", async () => {
  const ids = Array.from({ length: 150 }, (_, i) => `k7:${i}`);
  const asked: number[] = [];
  const keys = new Map<string, string>();
  let down = true;
  const act = async (part: string[]) => {
    asked.push(part.length);
    if (down && part.length === 50) throw new Problem(0, "");
    return { orders: part.map((order, i) => (i < 3 ? { order, done: false, why: "No." } : { order, done: true })) };
  };
  const outcome = await inParts(ids, keys, act, () => undefined);
  expect(asked).toEqual([100, 50]);
  expect(outcome).toEqual({ done: 97, refused: [{ why: "No.", count: 3 }], unsure: ids.slice(100) });
  const key = [...keys.values()];
  down = false;
  expect(await inParts(outcome.unsure, keys, (part, again) => (expect(key).toContain(again), act(part)), () => undefined)).toMatchObject({ done: 47 });
});
