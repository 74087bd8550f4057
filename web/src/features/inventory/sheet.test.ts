import { expect, test } from "vitest";
import { linesOf } from "./sheet";

test("lines end as files end them", () => {
  expect(linesOf("sku,counted\r\nA,1\r\n")).toEqual(["sku,counted", "A,1"]);
  expect(linesOf("sku,counted\nA,1")).toEqual(["sku,counted", "A,1"]);
  expect(linesOf("sku,counted\rA,1\r")).toEqual(["sku,counted", "A,1"]);
  expect(linesOf("a\n\nb\n\n")).toEqual(["a", "", "b", ""]);
  expect(linesOf("")).toEqual([""]);
});
