import { expect, it } from "vitest";
import { wholeNumber } from "./whole";

it.each([
  ["12", 12],
  [" +12 ", 12],
  ["-2", -2],
  ["\u22122", -2],
  ["-0", 0],
  ["", undefined],
  ["1.5", undefined],
  ["1e3", undefined],
  ["12a", undefined],
  ["1234567890", undefined],
])("reads %j as %s", (text, want) => expect(wholeNumber(text)).toBe(want));
