import { expect, test } from "vitest";
import { pieces } from "./Linked";

test("addresses stand apart from the words around them", () => {
  expect(pieces("Refund the buyer at https://seller.example/returns?order=1&x=2")).toEqual(["Refund the buyer at ", "https://seller.example/returns?order=1&x=2"]);
  expect(pieces("Give it at https://a.example/b and wait.")).toEqual(["Give it at ", "https://a.example/b", " and wait."]);
  expect(pieces("The return is done.")).toEqual(["The return is done."]);
  expect(pieces("javascript:alert(1) http://plain.example")).toEqual(["javascript:alert(1) http://plain.example"]);
  expect(pieces("")).toEqual([]);
});
