#!/usr/bin/env node
// How soon the app answers a hand, on a processor four times slower than this one: median and 95th percentile beside the budget.
// Nothing is asserted: machines differ.
//   node e2e/bench.mjs [--json] [--each]   each button by itself
//   CREATORFLOW_LINK=<one-time link>   takes a server that runs already, such as one with 100,000 orders
import { forms, launch, open, setUp } from "./browser.mjs";
import { start } from "./product.mjs";

const times = 20;
const slower = 4;
const json = process.argv.includes("--json");
const given = process.env.CREATORFLOW_LINK;
const product = given ? { link: given, origin: new URL(given).origin, stop: () => {} } : await start(["demo", "--listen", "127.0.0.1:0", "--speed", "60"]);
const browser = await launch();

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
function print(name, budget, all) {
  const sorted = [...all].sort((a, b) => a - b);
  const [median, p95] = [at(sorted, 0.5), at(sorted, 0.95)].map((value) => Math.round(value));
  if (json) console.log(JSON.stringify({ name, n: all.length, cpu_slower: slower, p50_ms: median, p95_ms: p95, budget_ms: budget }));
  else console.log(`${name.padEnd(42)} median ${String(median).padStart(5)} ms   p95 ${String(p95).padStart(5)} ms   budget ${String(budget).padStart(4)} ms   n=${all.length}`);
}

/** From the press until the page has painted what `there` finds; the clock is the page's own. */
async function until(page, press, there, argument) {
  await page.evaluate(
    ([source, given]) => {
      const found = new Function(`return (${source})`)();
      window.measured = new Promise((resolve) => {
        addEventListener(
          "pointerdown",
          ({ timeStamp }) => {
            const look = () => (found(given) ? requestAnimationFrame((painted) => setTimeout(() => resolve(Math.max(painted, performance.now()) - timeStamp))) : requestAnimationFrame(look));
            requestAnimationFrame(look);
          },
          { once: true, capture: true },
        );
      });
    },
    [there.toString(), argument],
  );
  await press();
  return page.evaluate(() => window.measured);
}

try {
  const context = await open(browser, forms[0]);
  const page = await context.newPage();
  await setUp(page, product.link, "/", "/settings");
  if (new URL(page.url()).pathname === "/settings") {
    await page.getByLabel("Name of the business").fill("Bench");
    await page.getByRole("button", { name: "Save and open the board" }).click();
    await page.waitForURL((url) => url.pathname === "/");
  }
  await page.waitForTimeout(given ? 1_000 : 15_000); // some orders first
  const { items } = await (await page.request.get(`${product.origin}/api/v1/stock?limit=1`)).json();
  const { items: orders } = await (await page.request.get(`${product.origin}/api/v1/orders?limit=50`)).json();
  const { items: short } = await (await page.request.get(`${product.origin}/api/v1/orders?status=no_stock&limit=1`)).json();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slower });

  // a press: the browser's own measure from the finger to the next painted frame, on the buttons of the main flows
  const order = `/orders/${encodeURIComponent(orders[0].id)}`;
  const held = short.length > 0 ? `/orders/${encodeURIComponent(short[0].id)}` : order; // waits for a person
  const sku = `/inventory/${encodeURIComponent(items[0].sku)}`;
  const buttons = [
    ["/", "theme", '[data-c="theme"]'],
    ["/", "hold the board", '[data-c="live"] button'],
    ["/", "status icon", '[data-c="status-issues"]'],
    ["/orders", "choose an order", '[data-c="order-row"] input'],
    ["/orders?status=no_stock", "try several again", '[data-c="bulk-retry"]', '[data-c="order-row"] input'],
    ["/orders?status=finished", "save a view", '[data-c="save-view"]'],
    [held, "try again", '[data-c="retry"]'],
    [held, "cancel", '[data-c="cancel-order"] summary'],
    [order, "other ways on", '[data-c="other-ways"] summary'],
    [order, "raw event", '[data-c="events"] summary'],
    [sku, "receive", '[data-c="receive"] button'],
    [sku, "adjust", '[data-c="adjust"] button'],
    [sku, "count", '[data-c="count"] button'],
    ["/inventory", "filter", 'main nav a >> nth=1'],
    ["/channels", "doctor", '[data-c="doctor"] button'],
    ["/channels", "connect a shop", '[data-c="connect"] button'],
    ["/flows", "filter of flows", 'main nav a >> nth=1'],
    ["/events", "go to an event", 'main form button[type="submit"]'],
    ["/settings", "save the business", '[data-c="workspace-form"] button[type="submit"]'],
    ["/settings", "invite somebody", '[data-c="invite"] button[type="submit"]'],
    ["/settings", "make a key", 'form[aria-label="Make an API key"] button[type="submit"]'],
  ];
  const all = [];
  for (const [path, what, selector, before] of buttons) {
    await page.goto(product.origin + path);
    if (before) await page.locator(before).first().click({ force: true, timeout: 10_000 }).catch(() => {}); // without it the button is not there
    const button = page.locator(selector).first();
    if (!(await button.waitFor({ timeout: 10_000 }).then(() => true, () => false))) {
      console.log(`not there to be pressed: ${what}`);
      continue;
    }
    await page.waitForTimeout(1_000);
    await page.evaluate(() => {
      window.presses = [];
      new PerformanceObserver((list) => {
        for (const { name, duration } of list.getEntries()) if (name === "pointerdown") window.presses.push(duration);
      }).observe({ type: "event", durationThreshold: 16 });
    });
    let made = 0;
    // as a finger does, as long as the button is there: some make room for what they open
    while (made < 6 && (await button.click({ delay: 80, force: true, timeout: 2_000 }).then(() => true, () => false))) {
      made++;
      await page.waitForTimeout(200);
    }
    const told = await page.evaluate(() => window.presses);
    // a press that was painted within 16 ms is not told
    const presses = [...told, ...Array(Math.max(0, made - told.length)).fill(16)];
    all.push(...presses);
    if (process.argv.includes("--each")) print(`press: ${what}`, 100, presses);
  }
  print("press feedback, buttons of the main flows", 100, all);
  await page.goto(product.origin);
  await page.locator('[data-link="live"]').waitFor();
  await page.waitForTimeout(1_500);

  // every room, and an order and a SKU from their lists; each was opened once: its code is here
  const room = (to) => ({ open: () => page.locator(`aside nav a[href="${to}"]`).click() });
  const inside = (list, row) => ({ list, open: () => page.locator(row).first().click() });
  const routes = ["/orders", "/inventory", "/channels", "/signals", "/flows", "/deadletters", "/events", "/settings", "/"].map(room);
  routes.push(inside("/orders", '[data-c="order-row"] a'), inside("/inventory", '[data-c="stock-row"] a'));
  const heading = () => page.locator("main h1").first().textContent();
  const changes = [];
  for (let i = 0; i < routes.length + 2 * times; i++) {
    const to = routes[i % routes.length];
    if (to.list) await room(to.list).open().then(() => page.waitForTimeout(800));
    const from = await heading();
    const took = await until(page, to.open, (before) => !["", before, undefined].includes(document.querySelector("main h1")?.textContent), from);
    if (i >= routes.length) changes.push(took);
    await page.waitForTimeout(i < routes.length ? 800 : 300);
  }
  print("route change, a screen seen before", 200, changes);

  await page.goto(`${product.origin}/inventory/${encodeURIComponent(items[0].sku)}`);
  const form = page.locator('[data-c="adjust"]');
  await form.waitFor();
  const answers = [];
  for (let i = 0; i < times; i++) {
    await form.getByLabel(/^Change/).fill(i % 2 === 0 ? "1" : "-1");
    await form.getByLabel("Reason").fill(`bench ${i}`);
    const said = i % 2 === 0 ? "Adjusted by +1" : "Adjusted by \u22121";
    answers.push(
      await until(page, () => form.getByRole("button", { name: "Adjust" }).click(), (text) => document.querySelector('[data-c="adjust"] [role="status"]')?.textContent.includes(text), said),
    );
    await page.waitForTimeout(100);
  }
  const receive = page.locator('[data-c="receive"]');
  for (let i = 0; i < times; i++) {
    const units = 1 + (i % 2);
    await receive.locator("input").first().fill(String(units));
    answers.push(
      await until(page, () => receive.getByRole("button").first().click(), (text) => document.querySelector('[data-c="receive"] [role="status"]')?.textContent.includes(text), `Received ${units}.`),
    );
    await page.waitForTimeout(100);
  }
  print("form answer: shown as done", 500, answers);

  await page.goto(`${product.origin}/orders`);
  const box = page.getByRole("searchbox").or(page.getByLabel("Search orders")).first();
  await box.waitFor();
  const searches = [];
  for (let i = 0; i < times; i++) {
    const { channel_id: id } = orders[i % orders.length];
    await box.fill("");
    await page.waitForTimeout(700);
    const begun = await page.evaluate(() => performance.now());
    await box.fill(id);
    await page.waitForFunction((wanted) => {
      const rows = [...document.querySelectorAll('[data-c="order-row"]')];
      return rows.length === 1 && rows[0].dataset.order.endsWith(wanted);
    }, id);
    searches.push((await page.evaluate(() => performance.now())) - begun);
  }
  print("order search, from the last key to its row", 300, searches);

  // a cold cache behind slow 4G: until the largest thing on the board is painted, and until its first figures are
  const state = await context.storageState();
  const paints = [];
  const figures = [];
  for (let i = 0; i < 5; i++) {
    const cold = await open(browser, forms[0], state);
    const fresh = await cold.newPage();
    const network = await cold.newCDPSession(fresh);
    await network.send("Network.enable");
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput: (1.6 * 1024 * 1024) / 8, uploadThroughput: (750 * 1024) / 8 });
    await network.send("Emulation.setCPUThrottlingRate", { rate: slower });
    await fresh.addInitScript(() => {
      new PerformanceObserver((list) => {
        window.largest = list.getEntries().at(-1).startTime;
      }).observe({ type: "largest-contentful-paint", buffered: true });
      const look = () => {
        const there = /\d/.test(document.querySelector('[data-c="kpi-orders"] [data-c="figure"]')?.textContent ?? "");
        requestAnimationFrame(there ? () => setTimeout(() => (window.figures = performance.now())) : look);
      };
      requestAnimationFrame(look);
    });
    await fresh.goto(product.origin);
    await fresh.locator('[data-c="kpi-orders"] [data-c="figure"]').getByText(/\d/).waitFor();
    await fresh.waitForTimeout(1_500);
    paints.push(await fresh.evaluate(() => window.largest));
    figures.push(await fresh.evaluate(() => window.figures));
    await cold.close();
  }
  print("first load of the board, slow 4G: LCP", 2000, paints);
  print("first load of the board, slow 4G: figures", 2000, figures);
} finally {
  await browser.close();
  await product.stop();
}
