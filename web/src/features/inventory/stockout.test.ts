import { expect, it } from "vitest";
import { makeFormat } from "../../ui/format";
import { stockoutRange, stockoutWord } from "./stockout";

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

it.each([
  [919, 601, 1500, "Four times of five between 10 min and 25 min from now, if it goes on selling one by one at the faster rate."],
  [36_000, 9_600, null, "Nine times of ten not before 2 h 40 min from now, if it goes on selling one by one at the faster rate."],
  [0, 0, null, ""],
  [null, null, null, ""],
])("%d s, from %d to %d: %s", (stockout_seconds, stockout_soonest_seconds, stockout_latest_seconds, want) =>
  expect(stockoutRange({ stockout_seconds, stockout_soonest_seconds, stockout_latest_seconds }, format).replaceAll("\u202f", " ")).toBe(want),
);
