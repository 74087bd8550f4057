import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { Delta } from "./Delta";

afterEach(cleanup);

const shown = (change: number, lessIsBetter = false) => {
  const { container } = render(<Delta change={change} text={`${change} %`} label={`${change} % against yesterday`} lessIsBetter={lessIsBetter} />);
  const whole = container.firstElementChild;
  return { direction: whole?.getAttribute("data-direction"), arrow: whole?.querySelector("svg")?.getAttribute("class") ?? "", look: whole?.className ?? "", heard: whole?.querySelector(".sr-only")?.textContent };
};

describe("Delta", () => {
  it("points up, down and flat, and readers hear the change with its base", () => {
    expect(shown(12.5)).toMatchObject({ direction: "up", heard: "12.5 % against yesterday", arrow: expect.stringContaining("arrow-up-right"), look: expect.stringContaining("text-accent") });
    expect(shown(-3)).toMatchObject({ direction: "down", heard: "-3 % against yesterday", arrow: expect.stringContaining("arrow-down-right"), look: expect.stringContaining("text-crit") });
    expect(shown(0)).toMatchObject({ direction: "flat", heard: "0 % against yesterday", arrow: expect.stringContaining("arrow-right"), look: expect.stringContaining("text-fg-3") });
  });

  it("is good when it falls where less is better", () => {
    expect(shown(-67, true)).toMatchObject({ direction: "down", look: expect.stringContaining("text-accent") });
    expect(shown(5, true)).toMatchObject({ direction: "up", look: expect.stringContaining("text-crit") });
  });
});
