#!/usr/bin/env node
// Holds a running hub that has replayed the whole order log against the log itself.
//
//   bin/creatorflow demo --speed max          (prints the address and an API key)
//   node scripts/compare.mjs ADDRESS API_KEY
//
// Asks the hub's own API and compares with scripts/oracle.mjs: orders, cancelled, no stock, revenue of the rest, units and
// stock of every SKU, to the penny and the unit. Also: nothing oversold, every ledger adds up. Shares no code with the
// product. Exits 1 when anything differs.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const [address, key] = process.argv.slice(2);
if (!address || !key) {
  console.error("usage: node scripts/compare.mjs ADDRESS API_KEY");
  process.exit(2);
}
const want = JSON.parse(
  execFileSync(process.execPath, [fileURLToPath(new URL("oracle.mjs", import.meta.url))], { maxBuffer: 1 << 26, encoding: "utf8" }),
);

const get = async (path) => {
  const answer = await fetch(address + path, { headers: { Authorization: `Bearer ${key}` } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
async function* pages(path) {
  for (let after = ""; ; ) {
    const page = await get(`${path}?limit=200&after=${encodeURIComponent(after)}`);
    yield* page.items;
    if (page.next === "") return;
    after = page.next;
  }
}

const wrong = [];
const same = (what, got, wanted) => {
  if (got !== wanted) wrong.push(`${what}: ${got}, the log says ${wanted}`);
};

const got = { orders: 0, cancelled: 0, noStock: 0, filled: 0, revenue: 0 };
for await (const order of pages("/api/v1/orders")) {
  got.orders++;
  if (order.cancelled) got.cancelled++;
  else if (order.waiting === "no_stock") got.noStock++;
  else {
    got.filled++;
    got.revenue += order.total.minor;
    same(`${order.id} currency`, order.total.currency, want.currency);
  }
}
same("orders", got.orders, want.orders);
same("cancelled", got.cancelled, want.cancelled);
same("no stock", got.noStock, want.no_stock);
same("filled", got.filled, want.filled);
same("revenue", got.revenue, want.revenue);

let skus = 0;
let oversold = 0;
for await (const item of pages("/api/v1/stock")) {
  const stock = await get(`/api/v1/stock/${encodeURIComponent(item.sku)}`);
  const said = want.stock[item.sku];
  skus++;
  if (!said) {
    wrong.push(`${item.sku} is not in the log`);
    continue;
  }
  same(`${item.sku} received`, stock.received, said.start);
  same(`${item.sku} taken`, stock.reserved + stock.shipped, said.taken);
  same(`${item.sku} units of the rest`, stock.reserved + stock.shipped, want.units[item.sku] ?? 0);
  same(`${item.sku} available`, stock.available, said.available);
  same(`${item.sku} on hand`, stock.on_hand, stock.received - stock.shipped + stock.adjusted + stock.returned);
  if (stock.available < 0) oversold++;
}
same("SKUs", skus, Object.keys(want.stock).length);
same("oversold", oversold, 0);

for (const line of wrong.slice(0, 20)) console.error(line);
console.log(
  `${got.orders} orders, ${got.cancelled} cancelled, ${got.noStock} no stock, revenue ${got.revenue} of the rest, ${skus} SKUs, ${oversold} oversold: ${wrong.length === 0 ? "equal" : `${wrong.length} differences`}`,
);
process.exit(wrong.length === 0 ? 0 : 1);
