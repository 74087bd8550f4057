import { describe, expect, it } from "vitest";
import { makeFormat } from "../../ui/format";
import { agreement, type Consistency } from "./agreement";

const format = makeFormat("en-GB", "UTC");
const told = (inside: Consistency["inside"], all: Consistency["inside"]): Consistency => ({ inside, with_channels: all, compared_at: null, position: 7, sentence: "" });

describe("how much of what is kept twice is the same", () => {
  it("is calm while only shops differ", () => {
    const said = agreement(told({ percent: 100, compared: 1200, differing: 0 }, { percent: 99.5, compared: 1300, differing: 6 }), format);
    expect(said.alarming).toBe(false);
    expect(said.figures).toMatch(/^100(\.0)?\s%.*1,200.*99.5\s%/);
  });

  it("never rounds up to all", () => {
    const said = agreement(told({ percent: 99.999, compared: 100000, differing: 1 }, { percent: 99.999, compared: 100000, differing: 1 }), format);
    expect(said.alarming).toBe(true);
    expect(said.figures).toMatch(/^99.9\s%/);
  });

  it("has no figure before the first comparison", () => {
    const none = { percent: null, compared: 0, differing: 0 };
    expect(agreement(told(none, none), format).figures).not.toContain("%");
  });
});
