import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ServerTime } from "./servertime";
import { Ticker } from "./ticker";
import { uuid7 } from "./uuid";

const stamp = (ms: number) => new Date(ms).toISOString();

describe("ServerTime", () => {
  it("corrects a clock that is wrong", () => {
    const time = new ServerTime(() => 1_000_000);
    time.sample(stamp(1_600_000)); // we are ten minutes slow
    expect(time.secondsSince(stamp(1_590_000))).toBe(10);
  });

  it("is not misled by a cached frame that is ten seconds old", () => {
    const time = new ServerTime(() => 50_000);
    time.sample(stamp(50_000));
    time.sample(stamp(40_000));
    expect(time.now()).toBe(50_000);
  });

  it("forgets old samples, so a clock that was set is followed", () => {
    const time = new ServerTime(() => 0, 3);
    time.sample(stamp(9000), 0);
    for (let i = 0; i < 3; i++) time.sample(stamp(1000), 0);
    expect(time.now()).toBe(1000);
  });

  it("never counts backwards below zero and ignores what is no time", () => {
    const time = new ServerTime(() => 1000);
    time.sample("yesterday");
    expect(time.secondsSince(stamp(5000))).toBe(0);
  });
});

describe("Ticker", () => {
  const page = () => {
    const target = new EventTarget();
    return Object.assign(target, { visibilityState: "visible" as DocumentVisibilityState }) as EventTarget & Document;
  };
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ticks once a second with one timer for all", () => {
    const ticker = new Ticker(page());
    const one = vi.fn();
    const two = vi.fn();
    const stopOne = ticker.listen(one);
    ticker.listen(two);
    one.mockClear();
    two.mockClear();
    vi.advanceTimersByTime(3000);
    expect([one.mock.calls.length, two.mock.calls.length]).toEqual([3, 3]);
    expect(vi.getTimerCount()).toBe(1);
    stopOne();
    vi.advanceTimersByTime(1000);
    expect(one).toHaveBeenCalledTimes(3);
  });

  it("stops while the page is hidden and catches up at once when it is seen again", () => {
    const tab = page();
    const ticker = new Ticker(tab);
    const heard = vi.fn();
    ticker.listen(heard);
    Object.assign(tab, { visibilityState: "hidden" });
    tab.dispatchEvent(new Event("visibilitychange"));
    heard.mockClear();
    vi.advanceTimersByTime(60_000);
    expect(heard).not.toHaveBeenCalled();
    Object.assign(tab, { visibilityState: "visible" });
    tab.dispatchEvent(new Event("visibilitychange"));
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("leaves no timer behind", () => {
    const ticker = new Ticker(page());
    ticker.listen(() => undefined)();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("uuid7", () => {
  it("carries the time, the version and the variant", () => {
    expect(uuid7(0x0123456789ab, new Uint8Array(10).fill(0xff))).toBe("01234567-89ab-7fff-bfff-ffffffffffff");
    expect(uuid7(0, new Uint8Array(10))).toBe("00000000-0000-7000-8000-000000000000");
  });

  it("never repeats", () => {
    const made = new Set(Array.from({ length: 10_000 }, () => uuid7()));
    expect(made.size).toBe(10_000);
  });
});
