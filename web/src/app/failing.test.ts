import { expect, it } from "vitest";
import type { Connection, Connections } from "../wire/api";
import { newlyFailing } from "./failing";

const shops = (...states: Connection["state"][]) =>
  ({ items: states.map((state, i) => ({ id: `k${i}`, name: `Shop ${i}`, state, error: state === "failing" ? "It does not answer." : "", mend: state === "failing" ? "Wait." : "" })) }) as Connections;

it("tells a shop that begins to fail, once, with its mend", () => {
  expect(newlyFailing(undefined, shops("failing"))).toEqual([]);
  expect(newlyFailing(shops("ok", "late", "failing"), shops("ok", "failing", "failing"))).toEqual(["Shop 1: It does not answer. Wait."]);
  expect(newlyFailing(shops("failing"), shops("failing"))).toEqual([]);
  expect(newlyFailing(shops(), shops("failing"))).toEqual([]);
});
