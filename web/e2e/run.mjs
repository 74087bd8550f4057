#!/usr/bin/env node
// Drives the real binary with a real browser.
//   node e2e/run.mjs
//   CREATORFLOW_BIN=<path>     the program; default bin/creatorflow of this tree
//   CREATORFLOW_LINK=<link>    takes a server that runs already instead; the kill and restart check is then left out,
//                              which the summary says
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as board from "./board.mjs";
import { forms, launch, open, setUp, widths } from "./browser.mjs";
import * as bundle from "./bundle.mjs";
import { Checks, expect, twoAtATime, until } from "./check.mjs";
import { byHand } from "./desk.mjs";
import * as looks from "./looks.mjs";
import { severalLocations } from "./places.mjs";
import { start } from "./product.mjs";
import * as screens from "./screens.mjs";
import * as settings from "./settings.mjs";
import * as signals from "./signals.mjs";
import * as sheet from "./sheet.mjs";
import * as states from "./states.mjs";
import * as walk from "./walk.mjs";
import { firstRun, newBusiness } from "./workspace.mjs";

const given = process.env.CREATORFLOW_LINK;
const data = mkdtempSync(join(tmpdir(), "creatorflow-e2e-"));
const demo = (listen) => ["demo", "--data", data, "--listen", listen, "--speed", "300"];
let product = given ? { link: given, origin: new URL(given).origin, stop: () => {} } : await start(demo("127.0.0.1:0"));
const { origin, link } = product;
const browser = await launch();
const run = new Checks();
const complaints = [];
let quiet = false;

const watch = (page) => {
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    const missing = new URL(page.url()).pathname.endsWith("/none") && message.text().includes("404"); // as it should be
    if (message.type() === "error" && !quiet && !missing) complaints.push(`${page.url()}: ${message.text()}`);
  });
  return page;
};

try {
  const context = await open(browser, { ...forms[0], theme: "" });
  const page = watch(await context.newPage());
  const served = [];
  page.on("response", (response) => {
    if (/\.(js|css)$|\/$/.test(new URL(response.url()).pathname)) served.push(response);
  });

  await run.check("the board asks strangers to sign in", async () => {
    quiet = true; // a 401 is an error in the console, and here it is right
    await page.goto(`${origin}/orders`);
    await page.waitForURL((url) => url.pathname === "/sign-in" && url.searchParams.get("next") === "/orders");
    await page.waitForLoadState("networkidle");
    quiet = false;
  });
  await run.check("the one-time link sets a password and opens the board", () => setUp(page, link));
  await run.check("the workspace and its zone are named", async () => {
    await until("the workspace has a name", 15, async () => (await page.locator('[data-c="workspace"]').textContent()).length > 0);
    await page.getByText(/All times in/).first().waitFor();
  });
  await run.check("conversion says that there is no traffic data", async () => {
    await page.locator('[data-c="kpi-conversion"]').getByText("no traffic data").waitFor();
  });
  await run.check("conversion is a rate once visits are sent", () => board.conversion(page, origin));
  await run.check("every component of this board is there", async () => {
    for (const name of ["o1", "o2", "i2", "i3", "kpi-revenue", "kpi-orders", "kpi-conversion", "kpi-repeat", "chart-revenue"]) {
      await page.locator(`[data-c="${name}"]`).waitFor();
    }
  });
  await run.check("the orders have their header, table, timeline and flagged queue", () => screens.orderPanels(page, origin));
  await run.check("a number moves without a reload and without a single request", () => board.numberMovesWithoutAsking(page));
  await run.check("all KPIs carry one position at every change", () => board.positionsStayTogether(page));
  await run.check("a number counts from its old value", () => board.numbersCountFromTheOldValue(page));
  await run.check("pause holds the board still and then catches up", () => board.pauseHoldsStill(page));
  await run.check("activity drifts in fifty dots, and stands in words", () => board.activity(page));
  await run.check("the chart is read with arrow keys", () => board.chartByKeyboard(page));
  await run.check("the theme is remembered and can follow the system", async () => {
    const other = await browser.newContext({ storageState: await context.storageState(), serviceWorkers: "block", locale: "en-GB" });
    const fresh = await other.newPage();
    await fresh.goto(origin);
    await fresh.evaluate(() => localStorage.removeItem("theme"));
    await fresh.reload();
    await fresh.locator('[data-c="theme"]').waitFor();
    await board.themeIsRemembered(fresh);
    await other.close();
  });
  await run.check("every screen has its name in the tab, and focus follows to it", async () => {
    await page.locator('aside a[href="/inventory"]').focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Inventory", level: 1 }).waitFor();
    await until("the tab says Inventory", 10, async () => (await page.title()).startsWith("Inventory \u00b7 "));
    await until("the focus is in the screen", 10, () => page.evaluate(() => document.activeElement?.id === "main"));
    await page.goBack();
    await page.locator('[data-c="kpi-orders"]').waitFor();
  });
  await run.check("no text of the app is garbled", async () => {
    const dist = fileURLToPath(new URL("../dist/", import.meta.url));
    const files = given ? [] : readdirSync(dist, { recursive: true }).filter((name) => /\.(js|css|html|json|webmanifest|txt|svg)$/.test(name) && !name.startsWith(".vite"));
    const texts = [...(await Promise.all(served.map(async (response) => [response.url(), await response.text().catch(() => "")])))];
    for (const name of files) texts.push([name, await (await page.request.get(`${origin}/${name === "index.html" ? "" : name}`)).text()]);
    expect(served.length > 3 && (given || files.length > 20), `only ${served.length} and ${files.length} files seen`);
    for (const [name, text] of texts) expect(!/\u00e2\u20ac|\u00c3[\u0080-\u00bf]|\ufffd/.test(text), `garbled characters in ${name}`);
  });
  quiet = true;
  await run.check("a cut connection shows, ages, and recovers in the right words", () => board.cutAndRecover(page, context));
  quiet = false;
  await run.check("why this number: SKU, ledger row, event, raw webhook", () => walk.whyThisNumber(page, origin));
  await run.check("an order shows its timeline and gives its label", () => walk.orderAndLabel(page, origin));
  quiet = true; // a refusal is an error in the console, and here it is right
  await run.check("the last owner stays", () => settings.lastOwner(page, origin));
  await run.check("a refusal is a sentence", () => walk.refusalIsASentence(page, origin));
  await run.check("a movement shows before the answer and goes when it is refused", () => walk.atOnce(page, origin));
  await run.check("a bundle is made, suffices, changes and is dissolved", () => bundle.makeAndDissolve(page, origin));
  await run.check("a second location takes units, and is closed", () => severalLocations(page, origin));
  quiet = false;
  await run.check("a count books what differs", () => walk.countTheShelf(page, origin));
  await run.check("stock goes out as a spreadsheet and comes back", () => sheet.outAndBack(page, origin));
  await run.check("the header finds an order by keyboard", () => walk.findByKeyboard(page, origin));

  await run.check("the four icons say how things stand and lead on", () => screens.icons(page, origin));
  await run.check("the keyboard opens screens and shows its map", () => screens.keys(page, origin));
  await run.check("the log is read newest first, by stream and by position", () => screens.events(page, origin));
  await run.check("an event says what it changed", () => screens.changes(page, origin));
  await run.check("the inventory has its five panels", () => screens.inventory(page, origin));
  await run.check("velocity and time left have their icons", () => screens.criticalIcons(page, origin));
  await run.check("flows lead to their orders", () => screens.flows(page, origin));
  await run.check("a list of hundreds draws what is seen", () => screens.longList(page, origin));
  await run.check("the orders' header says how they fare", () => screens.mood(page, origin));
  await run.check("a view of the orders is saved on the device", () => screens.savedViews(page, origin));
  quiet = true; // a refusal is an error in the console, and here it is right
  await run.check("several orders are tried again together", () => screens.bulk(page, origin));
  quiet = false;
  await run.check("a channel shows how it fares", () => screens.channels(page, origin));
  await run.check("an owner invites, changes and removes a user", () => settings.users(browser, page, origin));
  await run.check("an owner makes and revokes a key", () => settings.keys(page, origin));
  quiet = true; // a refusal is an error in the console, and here it is right
  await run.check("a feed and a webhook bring mentions, by day and SKU", () => signals.heardElsewhere(page, origin));
  quiet = false;
  await run.check("the page of all orders is called what the owner calls it", () => settings.title(page, origin));
  await run.check("the theme is chosen in the settings, and the old address leads there", () => settings.appearance(page, origin));

  const state = await context.storageState();
  const { items: orders } = await (await page.request.get(`${origin}/api/v1/orders?limit=1`)).json();
  const { items: skus } = await (await page.request.get(`${origin}/api/v1/stock?critical=true&limit=1`)).json();
  const { items: rows } = await (await page.request.get(`${origin}/api/v1/stock/${encodeURIComponent(skus[0].sku)}/ledger?limit=50`)).json();
  const { items: shops } = await (await page.request.get(`${origin}/api/v1/connections`)).json();
  const inbox = rows.find((row) => row.inbox > 0)?.inbox ?? 1;
  await run.check("new movements are counted, and shown when asked", () => walk.freshMovements(context, origin, page));
  const routes = [
    "/",
    "/orders",
    "/orders?q=nothing-like-this",
    `/orders/${encodeURIComponent(orders[0].id)}`,
    "/inventory",
    `/inventory/${encodeURIComponent(skus[0].sku)}`,
    "/sheet",
    "/bundle",
    "/channels",
    `/channels/${shops[0].id}`,
    "/signals",
    "/flows?state=all",
    "/events",
    "/deadletters",
    "/settings",
    `/events/${rows[0].event_position}`,
    `/inbox/${inbox}`,
    "/orders/none",
    "/inventory/none",
    "/events/x",
    "/inbox/x",
    "/events?stream=main/order/none",
    "/no/such/page",
  ];
  const look = (form, screen, route) =>
    run.check(`${form.name} ${route}`, async () => {
      await screen.goto(origin + route);
      if (route === "/no/such/page") await screen.getByRole("heading", { name: "There is no such page" }).waitFor();
      else await looks.settle(screen);
      await looks.accessible(screen);
      await looks.noSidewaysScroll(screen);
      await looks.statesHaveIconAndWord(screen);
      await looks.tilesHoldTheirWords(screen);
      if (form.width < 768) await looks.touchTargets(screen);
    });
  const dress = async (form) => {
    const dressed = await open(browser, form, state);
    const screen = watch(await dressed.newPage());
    for (const route of routes) await look(form, screen, route);
    await screen.close();
    if (form.width < 768) {
      const phone = watch(await dressed.newPage());
      await run.check("a phone has the other screens behind More", () => screens.more(phone, origin));
      await phone.close();
    }
    for (const route of ["/", `/inventory/${encodeURIComponent(skus[0].sku)}`, `/orders/${encodeURIComponent(orders[0].id)}`, "/settings"]) {
      await run.check(`${form.name} ${route} does not shift`, () => looks.layoutShift(dressed, origin + route));
    }
    await dressed.close();
    const stranger = await open(browser, form);
    const door = watch(await stranger.newPage());
    for (const route of ["/sign-in", "/setup", "/setup?token=used"]) {
      await run.check(`${form.name} ${route}`, async () => {
        await door.goto(origin + route);
        await door.getByRole("heading").first().waitFor();
        await looks.accessible(door);
        await looks.noSidewaysScroll(door);
        if (form.width < 768) await looks.touchTargets(door);
      });
    }
    await stranger.close();
  };
  await page.goto("about:blank"); // an open board draws all the time
  // a new business has a hub of its own, and its checks mostly wait
  await Promise.all([
    twoAtATime(widths, dress),
    run.check("a new business is asked for its name, zone and currency", () => newBusiness(run, browser)),
  ]);
  await run.check("the board stands before the first script", () => states.beforeTheScripts(browser, forms[0], state, origin));
  await run.check("the board stands before the first script, on a phone", () => states.beforeTheScripts(browser, forms[3], state, origin));
  await run.check("a screen that loads is never blank", () => states.neverBlank(browser, forms[0], state, origin));
  const stated = states.routes(orders[0].id, skus[0].sku);
  const without = async (form) => {
    await states.cutOff(run, browser, form, state, origin, stated);
    await states.heldStill(run, browser, form, state, origin, stated);
  };
  await Promise.all([
    twoAtATime(widths, without),
    Promise.all(widths.map((form) => states.stale(run, browser, form, state, origin))), // which mostly waits
    run.check("an empty hub shows demo data within five steps, says so everywhere, and is empty again", () => firstRun(browser)),
    run.check("a business in which everything is entered by hand", () => byHand(run, browser)),
  ]);

  // widths between the two, and what a window of 1280 has at a zoom of 400 %
  await twoAtATime([320, 768, 1024, 1280], (width) =>
    run.check(`nothing runs out of its frame at ${width}`, async () => {
      const between = await open(browser, { width, height: 800, theme: "dark" }, state);
      const screen = watch(await between.newPage());
      for (const route of ["/", "/orders", "/channels", "/events", "/inventory", `/inventory/${encodeURIComponent(skus[0].sku)}`, "/settings"]) {
        await screen.goto(origin + route);
        await looks.settle(screen);
        await looks.noSidewaysScroll(screen);
        await looks.tablesStayInside(screen);
      }
      await between.close();
    }),
  );

  await page.goto(origin);
  // late, because the demo needs minutes until the first SKU has run out
  const waiting = await run.check("an order waits for stock", () => walk.waitsForStock(page, origin));
  if (waiting) {
    await twoAtATime(widths, async (form) => {
      const dressed = await open(browser, form, state);
      await look(form, watch(await dressed.newPage()), `/orders/${encodeURIComponent(waiting.id)}`);
      await dressed.close();
    });
    await run.check("stock that is received lets a waiting order go on", () => walk.receiveAndRetry(page, origin));
    await run.check("a waiting order is taken back by hand", () => walk.takeBack(page, origin));
  }

  await run.check("nothing complained in the console", async () => {
    expect(complaints.length === 0, complaints.slice(0, 5).join("\n      "));
  });

  quiet = true;
  if (given) {
    console.log("not run: kill and restart (the server was given, not started here)");
  } else {
    await run.check("a killed server shows, and its return is noticed without a reload", async () => {
      await page.goto(`${origin}/inventory/${encodeURIComponent(skus[0].sku)}`);
      await board.waitForLive(page);
      await page.locator('[data-c="available"]').waitFor();
      await page.evaluate(() => {
        window.sameDocument = true;
      });
      await product.kill();
      await until("the pill notices", 20, async () => /reconnecting|offline/.test(await page.locator('[data-c="live"]').getAttribute("data-link")));
      product = await start(demo(new URL(origin).host), { needLink: false });
      await board.recovered(page, 60);
      await walk.receive(page, "7"); // an earlier demo is shown but not replayed, so the number is moved by hand
      expect(await page.evaluate(() => window.sameDocument === true), "the page was loaded again");
    });
  }
  await run.check("signing out leaves nothing behind", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL((url) => url.pathname === "/sign-in");
    await page.goto(`${origin}/`);
    await page.waitForURL((url) => url.pathname === "/sign-in");
  });
} finally {
  await browser.close();
  await product.stop();
  rmSync(data, { recursive: true, force: true });
}
process.exitCode = run.summary() ? 0 : 1;
