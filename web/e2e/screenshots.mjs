#!/usr/bin/env node
// Pictures of every screen and its states, at both widths and in both themes: the running demo, the same while it loads, when its
// reads fail, held still, gone stale and without the server, to whom nobody has signed in, and a hub that has nothing yet.
//   node e2e/screenshots.mjs [folder]       default: a new folder under the system's temporary folder
//   CREATORFLOW_LINK=<one-time link>        takes a server that runs already
//   CREATORFLOW_SETTLE=<seconds>            how long the demo runs before the pictures, default 20
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forms, launch, open, setUp } from "./browser.mjs";
import { start, startEmpty } from "./product.mjs";
import { cut, fallSilent, routes, silenced } from "./states.mjs";

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "creatorflow-screens-"));
mkdirSync(folder, { recursive: true });
const product = process.env.CREATORFLOW_LINK
  ? { link: process.env.CREATORFLOW_LINK, origin: new URL(process.env.CREATORFLOW_LINK).origin, stop: () => {} }
  : await start(["demo", "--listen", "127.0.0.1:0", "--speed", "300"]);
const browser = await launch();
const name = (path) => ({ "": "command" })[path.split(/[/?]/)[1]] ?? path.split(/[/?]/)[1] + (/\/.*\//.test(path) ? "-one" : "");
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
    ["listings", `/channels/${(await ask("/api/v1/connections")).items[0].id}`],
    ["flows", "/flows?state=all"],
    ["flows-stuck", "/flows"],
    ["deadletters", "/deadletters"],
    ["events", "/events"],
    ...(order ? [["events-stream", `/events?stream=${encodeURIComponent(`main/order/${order.id}`)}`]] : []),
    ["event", "/events/5"],
    ["inbox", "/inbox/1"],
    ["signals", "/signals"],
    ["sheet", "/sheet"],
    ["bundle", "/bundle"],
    ["settings", "/settings"],
    ...(order ? [["order", `/orders/${encodeURIComponent(order.id)}`]] : []),
    ...(waiting.items[0] ? [["order-waiting", `/orders/${encodeURIComponent(waiting.items[0].id)}`]] : []),
    ...(sku ? [["sku", `/inventory/${encodeURIComponent(sku.sku)}`]] : []),
  ];
  for (const form of forms) {
    const context = await open(browser, form, state);
    const screen = await context.newPage();
    for (const [title, path] of screens) {
      await screen.goto(product.origin + path);
      await screen.locator('[data-link="live"]').waitFor();
      await screen.waitForTimeout(1500);
      await screen.screenshot({ path: join(folder, `${title}-${form.name}.png`) });
      if (title !== "orders" && title !== "inventory") {
        await screen.screenshot({ path: join(folder, `${title}-${form.name}-full.png`), fullPage: true });
      }
    }
    await screen.goto(product.origin);
    await screen.locator('[data-link="live"]').waitFor();
    await screen.keyboard.press("p");
    await screen.waitForTimeout(1000);
    await screen.screenshot({ path: join(folder, `command-paused-${form.name}.png`) });
    await context.setOffline(true);
    await screen.locator('[data-link="live"]').waitFor({ state: "detached", timeout: 60_000 });
    await screen.waitForTimeout(1000);
    await screen.screenshot({ path: join(folder, `command-offline-${form.name}.png`) });
    await context.close();
    for (const kind of ["loading", "failed"]) {
      const apart = await open(browser, form, state);
      await cut(apart, kind);
      const lonely = await apart.newPage();
      for (const path of routes(order.id, sku.sku)) {
        await lonely.goto(product.origin + path, { waitUntil: "domcontentloaded" });
        await lonely.waitForTimeout(1000);
        await lonely.screenshot({ path: join(folder, `${name(path)}-${kind}-${form.name}.png`) });
      }
      await apart.close();
    }
    const stranger = await open(browser, form);
    const door = await stranger.newPage();
    for (const path of ["/sign-in", "/setup"]) {
      await door.goto(product.origin + path);
      await door.getByRole("heading").first().waitFor();
      await door.screenshot({ path: join(folder, `${name(path)}-${form.name}.png`) });
    }
    await stranger.close();
  }
  await Promise.all(
    forms.map(async (form) => {
      const context = await open(browser, form, state);
      const socket = await silenced(context);
      const board = await context.newPage();
      await board.goto(product.origin);
      await fallSilent(board, socket);
      await board.screenshot({ path: join(folder, `command-stale-${form.name}.png`) });
      await context.close();
    }),
  );
  const empty = await startEmpty();
  try {
    const owner = await open(browser, forms[0]);
    await setUp(await owner.newPage(), await empty.invite(), "/settings");
    const signedIn = await owner.storageState();
    for (const form of forms) {
      const context = await open(browser, form, signedIn);
      const screen = await context.newPage();
      for (const path of ["/", "/orders", "/inventory", "/channels", "/signals", "/flows", "/deadletters", "/settings"]) {
        await screen.goto(empty.origin + path);
        await screen.locator('[data-link="live"]').waitFor();
        await screen.waitForTimeout(1000);
        await screen.screenshot({ path: join(folder, `${name(path)}-empty-${form.name}.png`), fullPage: true });
      }
      await context.close();
    }
  } finally {
    await empty.stop();
  }
  console.log(folder);
} finally {
  await browser.close();
  await product.stop();
}
