#!/usr/bin/env node
// Pictures of every screen, at both widths and in both themes, of the running demo.
//   node e2e/screenshots.mjs [folder]       default: a new folder under the system's temporary folder
//   CREATORFLOW_LINK=<one-time link>        takes a server that runs already
//   CREATORFLOW_SETTLE=<seconds>            how long the demo runs before the pictures, default 20
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forms, launch, open, setUp } from "./browser.mjs";
import { start } from "./product.mjs";

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "creatorflow-screens-"));
mkdirSync(folder, { recursive: true });
const product = process.env.CREATORFLOW_LINK
  ? { link: process.env.CREATORFLOW_LINK, origin: new URL(process.env.CREATORFLOW_LINK).origin, stop: () => {} }
  : await start(["demo", "--listen", "127.0.0.1:0", "--speed", "300"]);
const browser = await launch();
try {
  const first = await open(browser, forms[0]);
  const page = await first.newPage();
  await setUp(page, product.link);
  await page.waitForTimeout(1000 * Number(process.env.CREATORFLOW_SETTLE ?? (process.env.CREATORFLOW_LINK ? 1 : 20)));
  const state = await first.storageState();
  const ask = async (path) => (await page.request.get(product.origin + path)).json();
  const orders = await ask("/api/v1/orders?limit=20");
  const waiting = await ask("/api/v1/orders?status=no_stock&limit=1");
  const stock = await ask("/api/v1/stock?critical=true&limit=5");
  const anyStock = await ask("/api/v1/stock?limit=1");
  const order = orders.items[orders.items.length - 1];
  const sku = stock.items[0] ?? anyStock.items[0];
  const screens = [
    ["command", "/"],
    ["orders", "/orders"],
    ["inventory", "/inventory"],
    ["channels", "/channels"],
    ["flows", "/flows?state=all"],
    ["flows-stuck", "/flows"],
    ["deadletters", "/deadletters"],
    ["events", "/events"],
    ...(order ? [["events-stream", `/events?stream=${encodeURIComponent(`main/order/${order.id}`)}`]] : []),
    ["event", "/events/5"],
    ["settings", "/settings"],
    ...(order ? [["order", `/orders/${encodeURIComponent(order.id)}`]] : []),
    ...(waiting.items[0] ? [["order-waiting", `/orders/${encodeURIComponent(waiting.items[0].id)}`]] : []),
    ...(sku ? [["sku", `/inventory/${encodeURIComponent(sku.sku)}`]] : []),
  ];
  for (const form of forms) {
    const context = await open(browser, form, state);
    const screen = await context.newPage();
    for (const [name, path] of screens) {
      await screen.goto(product.origin + path);
      await screen.locator('[data-link="live"]').waitFor();
      await screen.waitForTimeout(1500);
      await screen.screenshot({ path: join(folder, `${name}-${form.name}.png`) });
      if (name !== "orders" && name !== "inventory") {
        await screen.screenshot({ path: join(folder, `${name}-${form.name}-full.png`), fullPage: true });
      }
    }
    await context.close();
  }
  console.log(folder);
} finally {
  await browser.close();
  await product.stop();
}
