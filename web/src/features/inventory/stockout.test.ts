import { expect, it } from "vitest";
import { makeFormat } from "../../ui/format";
import { stockoutWord } from "./stockout";

const format = makeFormat("en-GB", "UTC");

it.each([
  [64800, "out in about 18 h 0 min", "Out in about 18 h"],
  [3, "out in less than a minute", "Out in about 1 min"],
  [0, "out of stock", "Out of stock"],
  [null, "no stock-out in sight", "No stock-out in sight"],
  [null, "", ""],
])("%d s: %s", (stockout_seconds, stockout_text, want) =>
  expect(stockoutWord({ stockout_seconds, stockout_text }, format).replaceAll("\u202f", " ")).toBe(want),
);
