import { describe, expect, it } from "vitest";
import { addressOf, withQuery } from "./Go";

describe("addresses", () => {
  it("keep what a SKU or an order is made of", () => {
    expect(addressOf("/inventory", "A/B 1e5%")).toBe("/inventory/A%2FB%201e5%25");
    expect(decodeURIComponent(addressOf("/orders", "k7:576").split("/")[2] ?? "")).toBe("k7:576");
  });

  it("leave out what is not set", () => {
    expect(withQuery("/orders", { q: "", status: undefined })).toBe("/orders");
    expect(withQuery("/orders", { q: "a&b", status: "stuck" })).toBe("/orders?q=a%26b&status=stuck");
  });
});
