import { expect, it } from "vitest";
import { ownAddress } from "./session";

it.each([
  ["/orders?status=stuck", "/orders?status=stuck"],
  [undefined, "/"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["https://evil.example", "/"],
])("goes from %s to %s after signing in", (next, want) => expect(ownAddress(next)).toBe(want));
