#!/usr/bin/env node
// How soon the app answers a hand, on a processor four times slower than this one: median and 95th percentile beside the budget.
// Nothing is asserted: machines differ.
//   node e2e/bench.mjs [--json]
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
  await setUp(page, product.link);
  await page.waitForTimeout(given ? 1_000 : 15_000); // some orders first
  const { items } = await (await page.request.get(`${product.origin}/api/v1/stock?limit=1`)).json();
  const { items: orders } = await (await page.request.get(`${product.origin}/api/v1/orders?limit=50`)).json();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slower });

  // a press: the browser's own measure from the finger to the next painted frame
  await page.evaluate(() => {
    window.presses = [];
    new PerformanceObserver((list) => {
      for (const { name, duration } of list.getEntries()) if (name === "pointerdown") window.presses.push(duration);
    }).observe({ type: "event", durationThreshold: 16 });
  });
  const theme = page.locator('[data-c="theme"]');
  for (let i = 0; i < times; i++) {
    await theme.click({ delay: 80 }); // as a finger does
    await page.waitForTimeout(150);
  }
  const presses = await page.evaluate(() => window.presses);
  // a press that was painted within 16 ms is not told
  print("press feedback", 100, [...presses, ...Array(Math.max(0, times - presses.length)).fill(16)]);

  const nav = (to) => page.locator(`aside a[href="${to}"]`);
  const routes = ["/orders", "/inventory", "/channels", "/flows", "/"];
  for (const to of routes) await nav(to).click().then(() => page.waitForTimeout(800)); // each was opened once: its code is here
  const changes = [];
  for (let i = 0; i < times; i++) {
    const to = routes[i % routes.length];
    changes.push(await until(page, () => nav(to).click(), (path) => location.pathname === path && document.querySelector("main h1, main h2, main [data-c]") !== null, to));
    await page.waitForTimeout(300);
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
} finally {
  await browser.close();
  await product.stop();
}
