import { expect, test } from "vitest";
import type { RiskRules as Rules } from "../../wire/api";
import { amounts, toSet, typed, within, written } from "./risk";

const rules: Rules = {
  mismatch: { on: true, from: [{ minor: 25000, currency: "GBP" }] },
  total: { on: true, over: [{ minor: 250050, currency: "GBP" }, { minor: 300000, currency: "JPY" }] },
  repeats: { on: true, orders: 5, hours: 24 },
  stock: "kept",
  versions: { mismatch: 0, total: 2, repeats: 0, stock: 0 },
};

test("amounts are read as they are written, by the currency's decimals", () => {
  expect(written(rules.total.over)).toBe("GBP 2500.50, JPY 300000");
  expect(amounts("JPY 300000, gbp 2500.50")).toEqual(rules.total.over);
  expect(amounts("")).toEqual([]);
  for (const bad of ["2500", "GBP", "GBP -1", "GBP 0", "JPY 1.5", "GBP 1.555", "XXQ 5", "GBP 1, GBP 2", "GBP 1;EUR 2"]) expect([bad, amounts(bad)]).toEqual([bad, undefined]);
});

test("a number is whole and within its bounds", () => {
  expect(within("100", 1, 100)).toBe(100);
  for (const bad of ["", "0", "101", "1.5", "-3", "1e2"]) expect([bad, within(bad, 1, 100)]).toEqual([bad, undefined]);
});

test("only what was changed is named", () => {
  const form = typed(rules);
  expect(toSet(rules, { ...form, over: "JPY 300000,GBP 2500.50", hours: "48" })).toEqual({ versions: rules.versions, repeats: { on: true, orders: 5, hours: 48 } });
  expect(toSet(rules, { ...form, total: false })).toEqual({ versions: rules.versions, total: { on: false, over: rules.total.over } });
  expect(toSet(rules, form)).toEqual({ versions: rules.versions, stock: "kept" });
  expect(toSet(rules, { ...form, from: "much" })).toBeUndefined();
});
