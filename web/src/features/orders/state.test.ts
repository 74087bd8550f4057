import { expect, it } from "vitest";
import type { LogEvent, OrderLine } from "../../wire/api";
import { amendment, orderState, unknownCodes } from "./state";

const order = { cancelled: false, waiting: "", stage: "", status: "ready", phase: "" };

it.each([
  ["cancelled before anything else", { ...order, cancelled: true, waiting: "no_stock", phase: "waiting" }, "cancelled", "Cancelled"],
  ["a reason to wait", { ...order, waiting: "no_stock", stage: "check", phase: "waiting" }, "no_stock", "No stock"],
  ["stuck", { ...order, stage: "label", phase: "stuck" }, "stuck", "Stuck"],
  ["finished", { ...order, stage: "metrics", phase: "finished", status: "arranged" }, "finished", "Finished"],
  ["the channel's word when the phase is not told", { ...order, stage: "metrics", status: "in_transit" }, "finished", "In transit"],
  ["the step it is at", { ...order, stage: "tell_channel", phase: "running" }, "running", "In progress: tell channel"],
  ["a wait that is new to us", { ...order, waiting: "risk_hold" }, "risk_hold", "Risk hold"],
  ["no flow yet", order, "waiting", "Ready"],
  ["no flow yet, and why", { ...order, status: "on_hold" }, "on_hold", "On hold"],
])("says %s", (_, given, state, word) => expect(orderState(given)).toEqual({ state, word }));

const line = (code: string, sku = ""): OrderLine => ({ listing: code, code, sku, name: "", quantity: 1, price: { minor: 1, currency: "GBP" }, total: { minor: 1, currency: "GBP" } });
const wait = (position: number, ...tags: string[]) => ({ position, name: "flow.waiting", data: { for: tags } }) as LogEvent;

it.each([
  ["no line before the order is matched", "", [], []],
  ["no line of an order that waits for stock", "no_stock", [wait(3, "stock:a")], []],
  ["what the wait names", "unknown_sku", [wait(3, "mapped:k7:b", "known:b")], ["b"]],
  ["what the newest wait names", "unknown_sku", [wait(9, "mapped:k7:c", "known:c"), wait(3, "mapped:k7:b", "mapped:k7:c")], ["c"]],
  ["not the code of another shop", "unknown_sku", [wait(3, "mapped:k8:a", "mapped:k7:b")], ["b"]],
  ["every line without a SKU when the wait does not say", "unknown_sku", [], ["a", "b", "c"]],
])("asks for %s", (_, waiting, events, want) =>
  expect(unknownCodes({ waiting, connection: "k7", lines: [line("a"), line("b"), line("b"), line("c"), line("d", "d")], events })).toEqual(want),
);

const amended = (position: number, sentence: string) => ({ position, name: "order.amended", data: { sentence } }) as LogEvent;

it.each([
  ["nothing of an order that was never amended", [wait(3)], ""],
  ["the newest sentence", [amended(5, "Now 1."), amended(3, "Now 2."), wait(9)], "Now 1."],
])("tells %s", (_, events, want) => expect(amendment(events)).toBe(want));
