#!/usr/bin/env node
// What the demo must end with, worked out from the order log alone.
//
//   node scripts/oracle.mjs [demo/data/orders.jsonl.gz]
//
// This file shares nothing with the product, not even the language: it is the other opinion that `demo --speed max` is
// compared with, to the penny and the unit. Node's standard library only.
//
// Rules: a SKU starts with floor(0.9 × units of the orders that are never cancelled), at least 1. Orders are decided one
// at a time in file order: an order takes all its lines or, short of any, nothing, and then stays "no stock" for ever.
// A cancellation gives back what its order took; an order without stock that is cancelled counts as cancelled.
//
// Prints one JSON object: orders, cancelled, no_stock, filled (the rest), revenue of the rest in minor units, units per
// SKU of the rest, and per SKU of the log {start, taken, available}: taken is reserved or shipped in the end.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const file = process.argv[2] ?? new URL("../demo/data/orders.jsonl.gz", import.meta.url);
const bytes = readFileSync(file);
const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8");
const log = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));

const demand = (order) => {
  const want = new Map();
  for (const [sku, quantity] of order.lines) want.set(sku, (want.get(sku) ?? 0) + quantity);
  return want;
};

// First pass: who is cancelled in the end, and so what the shop starts with.
const cancelledInTheEnd = new Set(log.filter((e) => "cancel" in e).map((e) => e.cancel));
const sold = new Map(log.filter((e) => "product" in e).map((e) => [e.product, 0]));
for (const entry of log) {
  if (!("order" in entry) || cancelledInTheEnd.has(entry.order)) continue;
  for (const [sku, quantity] of demand(entry)) sold.set(sku, sold.get(sku) + quantity);
}
const start = new Map([...sold].map(([sku, units]) => [sku, Math.max(1, Math.floor((9 * units) / 10))]));

// Second pass: the orders, one at a time.
const available = new Map(start);
const orders = new Map(); // id → {state, order, want}
for (const entry of log) {
  if ("order" in entry) {
    if (orders.has(entry.order)) throw new Error(`order ${entry.order} is there twice`);
    const want = demand(entry);
    const enough = [...want].every(([sku, quantity]) => available.get(sku) >= quantity);
    if (enough) for (const [sku, quantity] of want) available.set(sku, available.get(sku) - quantity);
    orders.set(entry.order, { state: enough ? "filled" : "no_stock", order: entry, want });
  } else if ("cancel" in entry) {
    const found = orders.get(entry.cancel);
    if (found === undefined || found.state === "cancelled") throw new Error(`nothing to cancel: ${entry.cancel}`);
    if (found.state === "filled") {
      for (const [sku, quantity] of found.want) available.set(sku, available.get(sku) + quantity);
    }
    found.state = "cancelled";
  }
}

const all = [...orders.values()];
const filled = all.filter((o) => o.state === "filled");
const units = new Map();
let revenue = 0;
for (const { order } of filled) {
  for (const [sku, quantity, price] of order.lines) {
    units.set(sku, (units.get(sku) ?? 0) + quantity);
    revenue += quantity * price;
  }
}
if (!Number.isSafeInteger(revenue)) throw new Error("revenue is beyond exact numbers");

const ofState = (state) => all.filter((o) => o.state === state).length;
const answer = {
  orders: all.length,
  cancelled: ofState("cancelled"),
  no_stock: ofState("no_stock"),
  filled: filled.length,
  currency: log[0].currency,
  revenue,
  units: Object.fromEntries(units),
  stock: Object.fromEntries(
    [...start].map(([sku, first]) => [
      sku,
      { start: first, taken: first - available.get(sku), available: available.get(sku) },
    ]),
  ),
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
