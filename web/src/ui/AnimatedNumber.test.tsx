import { act, render } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AnimatedNumber, countingMs } from "./AnimatedNumber";

const whole = (n: number) => [String(Math.round(n)), ""] as const;
let frames: FrameRequestCallback[] = [];
let reduced = false;

/** Runs the frame that is due at a time. */
const frame = (now: number) => {
  const due = frames;
  frames = [];
  for (const run of due) run(now);
};

beforeEach(() => {
  frames = [];
  reduced = false;
  vi.stubGlobal("requestAnimationFrame", (run: FrameRequestCallback) => frames.push(run));
  vi.stubGlobal("cancelAnimationFrame", () => (frames = []));
  vi.stubGlobal("matchMedia", () => ({ matches: reduced }));
});
afterEach(() => vi.unstubAllGlobals());

describe("AnimatedNumber", () => {
  it("shows its first value at once, never counting up from zero", () => {
    const { container } = render(<AnimatedNumber value={3152} parts={whole} />);
    expect(container.textContent).toBe("3152");
    expect(frames).toHaveLength(0);
  });

  it("counts from what it showed to the new value in 400 ms and ends exactly there", () => {
    const { container, rerender } = render(<AnimatedNumber value={1000} parts={whole} />);
    rerender(<AnimatedNumber value={2000} parts={whole} />);
    expect(container.textContent).toBe("1000");
    frame(0);
    frame(countingMs / 2);
    const middle = Number(container.textContent);
    expect(middle).toBeGreaterThan(1500); // easing out: fast first
    expect(middle).toBeLessThan(2000);
    frame(countingMs);
    expect(container.textContent).toBe("2000");
    expect(frames).toHaveLength(0);
  });

  it("goes on from the middle when a new value comes while it counts", () => {
    const { container, rerender } = render(<AnimatedNumber value={0} parts={whole} />);
    rerender(<AnimatedNumber value={1000} parts={whole} />);
    frame(0);
    frame(100);
    const middle = Number(container.textContent);
    rerender(<AnimatedNumber value={500} parts={whole} />);
    frame(200);
    expect(Number(container.textContent)).toBe(middle);
    frame(200 + countingMs);
    expect(container.textContent).toBe("500");
  });

  it("renders once a value, however many frames there are", () => {
    let renders = 0;
    const Counted = ({ value }: { value: number }) => {
      renders += 1;
      return <AnimatedNumber value={value} parts={whole} />;
    };
    const { rerender } = render(<Counted value={1} />);
    rerender(<Counted value={100} />);
    act(() => {
      for (let now = 0; now <= countingMs; now += 16) frame(now);
    });
    expect(renders).toBe(2);
  });

  it("does not move for readers who want less motion", () => {
    reduced = true;
    const { container, rerender } = render(<AnimatedNumber value={1} parts={whole} />);
    rerender(<AnimatedNumber value={9} parts={whole} />);
    expect(container.textContent).toBe("9");
    expect(frames).toHaveLength(0);
  });

  it("writes again when only the way of writing changes", () => {
    const { container, rerender } = render(<AnimatedNumber value={5} parts={whole} />);
    rerender(<AnimatedNumber value={5} parts={(n) => [`£${n}`, ".00"]} />);
    expect(container.textContent).toBe("£5.00");
  });
});
