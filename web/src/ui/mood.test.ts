import { describe, expect, it } from "vitest";
import type { Connection, Connections, Kpis } from "../wire/api";
import { makeFormat } from "./format";
import { moodOf, moodWord } from "./mood";

const sync = (...states: Connection["state"][]) => ({ items: states.map((state, i) => ({ name: `Shop ${i + 1}`, state })) }) as Connections;
const usually: Kpis["demand"] = { orders_hour: 12, usual_hour: 11, viral: false };
const rush: Kpis["demand"] = { orders_hour: 1240, usual_hour: 11, viral: true };
const figures = (stuck: number, waiting: Partial<Kpis["automation"]["waiting"]> = {}, demand = usually) =>
  ({ demand, automation: { stuck, waiting: { no_stock: 0, unknown_sku: 0, decision: 0, risk: 0, payment: 0, location: 0, authorisation: 0, away: 0, on_hold: 9, unpaid: 9, channel: 9, ...waiting } } }) as Kpis;
const word = (...given: Parameters<typeof moodOf>) => {
  const mood = moodOf(...given);
  return mood && moodWord(mood, makeFormat("en-GB", "UTC"));
};

describe("the label of the orders", () => {
  it("says nothing before it is known", () => expect(word(figures(0), undefined)).toBeUndefined());

  it.each([
    ["normal, whatever the channels hold", figures(0), sync("ok"), "Runs normally"],
    ["backlog of what waits for a person", figures(0, { no_stock: 3, unknown_sku: 1, decision: 1, risk: 1, payment: 1, location: 1 }), sync("ok", "late"), "Backlog: 8 orders need a hand"],
    ["one in the backlog", figures(0, { decision: 1 }), sync("ok"), "Backlog: 1 order needs a hand"],
    ["viral, with what is usual", figures(0, {}, rush), sync("ok"), "Viral: 1,240 orders in the last hour, the busiest hour of the week before had 11"],
    ["viral before its backlog", figures(0, { no_stock: 3 }, rush), sync("ok"), "Viral: 1,240 orders in the last hour, the busiest hour of the week before had 11"],
    ["degraded before viral", figures(2, {}, rush), sync("ok"), "Degraded: 2 orders are stuck"],
    ["degraded by a shop before all else", figures(2, { away: 1 }), sync("ok", "failing"), "Degraded: Shop 2 is failing"],
    ["degraded by an authorisation", figures(0, { authorisation: 1 }), sync("ok"), "Degraded: an authorisation has ended"],
    ["degraded by a silent channel", figures(0, { away: 4 }), sync("ok"), "Degraded: a channel does not answer"],
    ["degraded by stuck orders before a backlog", figures(1, { no_stock: 9 }), sync("ok"), "Degraded: 1 order is stuck"],
  ])("%s", (_, given, shops, want) => expect(word(given, shops)).toBe(want));
});
