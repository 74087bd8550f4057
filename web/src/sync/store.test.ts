import { describe, expect, it, vi } from "vitest";
import { Problem } from "../wire/problem";
import { paintWithin, Store } from "./store";

function clock() {
  const due: { run: () => void; ms: number; off: boolean }[] = [];
  return {
    due,
    later: (run: () => void, ms: number) => {
      const entry = { run, ms, off: false };
      due.push(entry);
      return () => {
        entry.off = true;
      };
    },
    pass: () => {
      for (const entry of due.splice(0)) if (!entry.off) entry.run();
    },
  };
}

const at = (position: number, text = "") => ({ position, text });
const tick = (position: number, log = "a") => ({ position, at: "2026-11-24T10:00:00.000Z", log });

describe("Store", () => {
  it("shows the first snapshot at once", () => {
    const store = new Store(clock().later);
    store.snapshot("kpis", at(5));
    expect(store.get("kpis").position).toBe(5);
  });

  it("holds frames back until the clock frame, then shows all of them together", () => {
    const store = new Store(clock().later);
    store.snapshot("kpis", at(5));
    store.snapshot("sync", at(6));
    const seen: [number, number][] = [];
    store.listen("kpis", () => seen.push([store.get("kpis").position, store.get("sync").position]));
    store.listen("sync", () => seen.push([store.get("kpis").position, store.get("sync").position]));
    store.frame("kpis", at(9));
    store.frame("sync", at(9));
    expect(seen).toEqual([]);
    store.tick(tick(9));
    expect(seen).toEqual([
      [9, 9],
      [9, 9],
    ]);
    expect(store.clock().position).toBe(9);
  });

  it("shows at once what a command will change until the screen has passed it", () => {
    const store = new Store(clock().later);
    store.snapshot("stock/a", { position: 5, on_hand: 40 } as never);
    const shown = () => store.get<{ position: number; on_hand: number }>("stock/a").value?.on_hand;
    const more = (delta: number) => store.lay<{ position: number; on_hand: number }>("stock/a", (value) => ({ ...value, on_hand: value.on_hand + delta }));
    const three = more(3);
    const five = more(5);
    expect(shown()).toBe(48);
    expect(store.get("stock/a")).toBe(store.get("stock/a")); // the same object while nothing changes
    three.settle(9);
    expect(shown()).toBe(48);
    store.frame("stock/a", { position: 7, on_hand: 38 } as never); // a sale that came before
    store.tick(tick(7));
    expect(shown()).toBe(46);
    store.frame("stock/a", { position: 9, on_hand: 41 } as never);
    store.tick(tick(9));
    expect(shown()).toBe(46); // three is in what the server says, five on top of it
    five.drop();
    expect(shown()).toBe(41);
  });

  it("takes an overlay away that is settled after the screen has passed it", () => {
    const store = new Store(clock().later);
    store.snapshot("stock/a", at(5));
    const overlay = store.lay<{ text: string }>("stock/a", (value) => ({ ...value, text: "new" }));
    store.frame("stock/a", at(9, "said"));
    store.tick(tick(9));
    let told = 0;
    store.listen("stock/a", () => told++);
    overlay.settle(9);
    expect(store.get("stock/a").value).toMatchObject({ text: "said" });
    expect(told).toBe(1);
  });

  it("moves the clock only after the values it belongs to", () => {
    const store = new Store(clock().later);
    store.snapshot("kpis", at(5));
    let shownAtClock = -1;
    store.listenClock(() => (shownAtClock = store.get("kpis").position));
    store.frame("kpis", at(7));
    store.tick(tick(7));
    expect(shownAtClock).toBe(7);
  });

  it("shows frames after 300 ms when the clock frame is lost", () => {
    const { later, due, pass } = clock();
    const store = new Store(later);
    store.snapshot("kpis", at(5));
    store.frame("kpis", at(6));
    store.frame("kpis", at(7));
    expect(due.map((entry) => entry.ms)).toEqual([paintWithin]);
    pass();
    expect(store.get("kpis").position).toBe(7);
  });

  it("drops replayed and overtaken frames", () => {
    const store = new Store(clock().later);
    store.snapshot("kpis", at(5, "shown"));
    store.frame("kpis", at(8, "new"));
    store.frame("kpis", at(7, "late"));
    store.tick(tick(8));
    expect(store.get("kpis").value).toEqual(at(8, "new"));
    store.frame("kpis", at(3, "replayed"));
    store.tick(tick(9));
    expect(store.get("kpis").value).toEqual(at(8, "new"));
  });

  it("keeps the newer value when the snapshot arrives after a frame", () => {
    const store = new Store(clock().later);
    store.frame("kpis", at(9, "frame"));
    store.snapshot("kpis", at(8, "snapshot"));
    expect(store.get("kpis").value).toEqual(at(9, "frame"));
  });

  it("keeps the last good value beside a problem, and forgets the problem with the next value", () => {
    const store = new Store(clock().later);
    store.snapshot("kpis", at(5));
    store.fail("kpis", new Problem(500, "no"));
    expect(store.get("kpis")).toMatchObject({ value: at(5), problem: { status: 500 } });
    store.frame("kpis", at(6));
    store.tick(tick(6));
    expect(store.get("kpis").problem).toBeUndefined();
  });

  it("gives the same entry object until something changes", () => {
    const store = new Store(clock().later);
    expect(store.get("kpis")).toBe(store.get("other"));
    store.snapshot("kpis", at(5));
    const entry = store.get("kpis");
    store.tick(tick(6));
    expect(store.get("kpis")).toBe(entry);
  });

  it("holds still while paused, counts what waits, and catches up", () => {
    const { later, pass } = clock();
    const store = new Store(later);
    store.snapshot("kpis", at(5));
    store.pause();
    store.frame("kpis", at(6));
    store.frame("kpis", at(7));
    store.tick(tick(7));
    pass();
    expect(store.get("kpis").position).toBe(5);
    expect(store.clock()).toMatchObject({ paused: true, held: 2 });
    store.resume();
    expect(store.get("kpis").position).toBe(7);
    expect(store.clock()).toMatchObject({ paused: false, held: 0, position: 7 });
  });

  it("takes lower positions after another log answered", () => {
    const store = new Store(clock().later);
    store.snapshot("kpis", at(500, "old log"));
    store.forgetPositions();
    expect(store.get("kpis").value).toEqual(at(500, "old log"));
    store.snapshot("kpis", at(3, "new log"));
    store.tick(tick(3, "b"));
    expect(store.get("kpis").value).toEqual(at(3, "new log"));
    expect(store.clock()).toMatchObject({ position: 3, log: "b" });
  });

  it("tells nobody after they stopped listening", () => {
    const store = new Store(clock().later);
    const heard = vi.fn();
    const stop = store.listen("kpis", heard);
    stop();
    store.snapshot("kpis", at(1));
    expect(heard).not.toHaveBeenCalled();
  });
});
