import { expect, it } from "vitest";
import { address } from "./client";

it.each([
  ["/api/v1/kpis", {}, "/api/v1/kpis"],
  ["/api/v1/stock", { query: { critical: true, limit: 5 } }, "/api/v1/stock?critical=true&limit=5"],
  ["/api/v1/orders", { query: { q: "", status: "stuck", after: undefined } }, "/api/v1/orders?status=stuck"],
  ["/api/v1/stock/{sku}/ledger", { path: { sku: "a/b ü" }, query: { limit: 0 } }, "/api/v1/stock/a%2Fb%20%C3%BC/ledger?limit=0"],
])("%s asked with %j is at %s", (path, ask, want) => expect(address(path, ask)).toBe(want));
