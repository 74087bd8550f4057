import { expect, it } from "vitest";
import { causeOf, isNumber, isStream, orderBehind, pageBefore, placeOfStream, webhookBehind } from "./links";

it.each([
  ["position:801", { kind: "position", number: "801" }],
  ["inbox:331", { kind: "inbox", number: "331" }],
  ["flow:k7:576", { kind: "flow", order: "k7:576" }],
  ["inbox:331x", undefined],
  ["demo", undefined],
  ["", undefined],
])("reads the cause %s", (cause, want) => expect(causeOf(cause)).toEqual(want));

it("reads streams whose id holds slashes", () => {
  expect(placeOfStream("main/stock/a/b")).toEqual({ kind: "stock", id: "a/b" });
  expect(placeOfStream("")).toEqual({ kind: "", id: "" });
});

it("takes the webhook that brought the order", () => {
  const events = [
    { position: 10, inbox: 3 },
    { position: 20, inbox: 0 },
    { position: 30, inbox: 7 },
  ];
  expect([webhookBehind(events, 9), webhookBehind(events, 25), webhookBehind(events, 30)]).toEqual([0, 3, 3]);
});

it.each([
  [{ cause: "flow:k7:1", actor: "flow:fulfilment", correlation: "k7:9" }, "k7:1"],
  [{ cause: "timer", actor: "flow:fulfilment", correlation: "k7:1" }, "k7:1"],
  [{ cause: "demo", actor: "system:demo", correlation: "x" }, ""],
  [{ cause: "inbox:3", actor: "channel:tiktok", correlation: "k7:1" }, ""],
])("finds the order behind %o", (event, want) => expect(orderBehind(event)).toBe(want));

it.each([
  ["1", true],
  ["26613", true],
  ["0", false],
  ["abc", false],
  ["1e5", false],
  ["-4", false],
  ["99999999999999999999", false],
])("takes %s for a place: %s", (text, want) => expect(isNumber(text)).toBe(want));

it.each([
  [101, { after: 50, limit: 50 }], // 51 to 100
  [51, { after: 0, limit: 50 }],
  [4, { after: 0, limit: 3 }],
  [1, { after: 0, limit: 1 }], // an empty log
])("asks for the page before %i", (end, want) => expect(pageBefore(end, 50)).toEqual(want));

it("takes a stream only when it is named in full", () => {
  expect(["main/stock/A", "main/order/k7:57/6"].map(isStream)).toEqual([true, true]);
  expect(["main", "main/", "main/stock", "main/stock/", "/stock/A"].map(isStream)).toEqual([false, false, false, false, false]);
});
