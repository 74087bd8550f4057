import { expect, test } from "vitest";
import type { LabelPartner } from "../../wire/api";
import { grams, millimetres, toSet, typed } from "./labels";

const nobody: LabelPartner = { partner: "", test: false, signed: false, automatic: false, grams: 0, length: 0, width: 0, height: 0, from: { line1: "", city: "", country: "" } };
const somebody: LabelPartner = {
  partner: "easypost", test: true, signed: true, automatic: false, carrier: "USPS", service: "", grams: 480, length: 205, width: 150, height: 100,
  from: { name: "Shop", line1: "1 Market Street", city: "London", postal_code: "N1 1AA", country: "GB", phone: "1" },
};

test("weights are whole grams, and sides have one decimal", () => {
  expect([grams("480"), grams("0"), grams("70001"), grams("1.5"), grams("")]).toEqual([480, undefined, undefined, undefined, undefined]);
  expect([millimetres("20.5"), millimetres("20,5"), millimetres("300"), millimetres("300.1"), millimetres("0"), millimetres("1.25"), millimetres("-1")]).toEqual(
    [205, 205, 3000, undefined, undefined, undefined, undefined]);
});

test("what is known stays, and secrets are sent only when they were typed", () => {
  expect(typed(somebody)).toMatchObject({ key: "", secret: "", automatic: false, length: "20.5", carrier: "USPS" });
  expect(toSet(somebody, typed(somebody))).toEqual({
    partner: "easypost", key: "", secret: "", base_url: "", automatic: false, carrier: "USPS", service: "", grams: 480, length: 205, width: 150, height: 100,
    from: { name: "Shop", line1: "1 Market Street", line2: "", city: "London", state: "", postal_code: "N1 1AA", country: "GB", phone: "1" },
  });
});

test("nothing is sent while something is missing", () => {
  const form = { ...typed(somebody), key: "EZTK12345678" };
  expect(typed(nobody).automatic).toBe(true);
  expect(toSet(nobody, form)).toMatchObject({ key: "EZTK12345678" });
  expect(toSet(nobody, { ...form, address: " http://127.0.0.1:8095 " })).toMatchObject({ base_url: "http://127.0.0.1:8095" });
  for (const missing of [{ key: " " }, { grams: "" }, { height: "x" }, { line1: "" }, { city: " " }, { name: "" }, { country: "England" }]) {
    expect([missing, toSet(nobody, { ...form, ...missing })]).toEqual([missing, undefined]);
  }
});
