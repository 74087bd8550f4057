import { afterEach, expect, it } from "vitest";
import { forgetBegun, givenIn, keepBegun, readBegun } from "./consent";

afterEach(forgetBegun);

it.each([
  ["ROW_abc", "plain"],
  ["https://hub.example/channels?code=ROW_abc&state=mine", { code: "ROW_abc" }],
  ["https://hub.example/channels?state=mine&code=a%2Bb", { code: "a+b" }],
  ["?code=ROW_abc", { code: "ROW_abc" }], // from the vendor's store, which knows no state
  ["https://hub.example/channels?code=ROW_abc&state=other", "foreign"],
  ["https://hub.example/channels?code=null&error=auth_denied&state=mine", "refused"],
  ["https://hub.example/channels?code=", "plain"],
  ["https://hub.example/channels?code=c&shop=a.example&hmac=1&state=mine", { code: "c", shop: "a.example" }],
  ["", "plain"],
])("finds what was given in %s", (text, want) => expect(givenIn(text, ["code", "shop"], "mine")).toEqual(want));

it("remembers what was begun in this tab, and nothing else", () => {
  expect(readBegun()).toBeUndefined();
  keepBegun({ app: "a1", state: "s", channel: "tiktok" });
  expect(readBegun()).toEqual({ app: "a1", state: "s", channel: "tiktok" });
  sessionStorage.setItem("connecting", "{");
  expect(readBegun()).toBeUndefined();
  sessionStorage.setItem("connecting", '{"app":1}');
  expect(readBegun()).toBeUndefined();
});
