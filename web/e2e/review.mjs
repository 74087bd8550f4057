// Orders that a rule holds: the board's card names exactly those, and what is approved in one page leaves the other.
import { expect, until } from "./check.mjs";
import { accessible, noSidewaysScroll, settle, touchTargets } from "./looks.mjs";

/** A command, as the app sends it. */
export async function command(page, name, body) {
  const status = await page.evaluate(
    async ([path, text]) => {
      const time = Date.now().toString(16).padStart(12, "0");
      const key = `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
      return (await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": key }, body: text })).status;
    },
    [`/api/v1/commands/${name}`, JSON.stringify(body)],
  );
  expect(status === 200, `${name} answers ${status}`);
}

const count = async (page) => Number((await page.locator('[data-c="risk"]').getAttribute("data-count", { timeout: 1000 }).catch(() => null)) ?? 0);

/** When the count in a page becomes n, in that page's own time; asked for before it does. */
const becomes = (page, n) =>
  page.evaluate(
    (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => document.querySelector('[data-c="risk"]')?.dataset.count === wanted && resolve(performance.timeOrigin + performance.now());
        setTimeout(() => reject(new Error(`the count does not become ${wanted}`)), 120_000); // a poll comes once a minute
        new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      }),
    String(n),
  );

/** Three orders over the limit: card, list, page, bulk bar and settings of a shop that sells through a simulator. */
export async function reviewHeld(context, origin, sim) {
  const page = await context.newPage();
  const second = await context.browser().newContext({ storageState: await context.storageState(), locale: "en-GB", serviceWorkers: "block" });
  const other = await second.newPage();
  try {
    await page.goto(`${origin}/settings`);
    const form = page.locator('[data-c="risk-form"]');
    const over = form.getByLabel("Over", { exact: true });
    await over.fill("much");
    await form.getByText(/^Write a currency and an amount/).waitFor();
    await over.fill("GBP 50000");
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText(/^Saved\./).waitFor();
    await accessible(page);

    const [{ id: connection }] = (await (await page.request.get(`${origin}/api/v1/connections`)).json()).items;
    const { items } = await (await page.request.get(`${origin}/api/v1/connections/${connection}/listings?state=mapped&limit=50`)).json();
    const held = [];
    const place = async () => {
      while (items.length > 0) {
        const { listing, sku } = items.shift();
        const answer = await page.request.post(`${sim.origin}/_sim/orders`, {
          data: { buyer_id: "9002", buyer_name: "Ben", address: `${items.length} Low Road`, city: "Leeds", postal_code: "LS1 1AA", lines: [{ sku_id: listing, quantity: 1, price: "60000.00" }] },
        });
        if (!answer.ok()) continue; // sold out
        const { order_id: order } = await answer.json();
        await command(page, "receive-stock", { sku, quantity: 20, reason: "for the review" });
        await page.request.post(`${sim.origin}/_sim/orders/${order}/release`, { data: {} });
        held.push(`${connection}:${order}`);
        return;
      }
      throw new Error("nothing is left that the shop could sell");
    };
    for (let i = 0; i < 3; i++) await place();
    expect(held.length === 3, `only ${held.length} orders could be placed`);

    await page.goto(`${origin}/`);
    await other.goto(`${origin}/`);
    await until("the card names three", 60, async () => (await count(page)) === 3);
    await page.locator('[data-c="risk"]').getByText("3 orders flagged for review").waitFor();
    await accessible(page);
    await page.locator('[data-c="risk"]').getByRole("link", { name: "Review" }).click();
    const rows = page.locator('[data-c="order-row"]');
    await until("the list holds exactly the three", 15, async () => {
      const ids = await rows.evaluateAll((all) => all.map((row) => row.dataset.order));
      return ids.length === 3 && held.every((id) => ids.includes(id));
    });
    await accessible(page);

    await until("the other browser names three", 30, async () => (await count(other)) === 3);
    await rows.filter({ has: page.locator(`a[href$="${encodeURIComponent(held[0])}"]`) }).getByRole("link").click();
    const review = page.locator('[data-c="review"]');
    await review.getByText(/total of 60000\.00 GBP is over your limit of 50000\.00 GBP/).waitFor();
    await accessible(page);
    await other.evaluate(() => (window.sameDocument = true));
    const follow = async (n, what, act) => {
      const at = becomes(other, n);
      const begun = Date.now();
      await act();
      console.log(`      the count in another browser follows ${what} after ${Math.round((await at) - begun)} ms`);
      expect(await other.evaluate(() => window.sameDocument === true), "the other browser loaded the page again");
    };
    await follow(2, "an approval by hand", () => review.getByRole("button", { name: "Approve" }).click());
    await follow(3, "an order that is flagged (it comes with a poll)", place);
    await follow(2, "an approval by the API", () => command(page, "approve-orders", { orders: [held[1]] }));
    await other.locator('[data-c="risk"]').getByText("2 orders flagged for review").waitFor();

    await other.setViewportSize({ width: 390, height: 844 });
    await other.reload();
    await settle(other);
    await noSidewaysScroll(other);
    await touchTargets(other);
    await other.locator('[data-c="risk"]').getByRole("link", { name: "Review" }).click();
    await until("two are left", 15, async () => (await other.locator('[data-c="order-row"]').count()) === 2);
    for (const id of held.slice(2)) await other.locator(`[data-order="${id}"]`).getByRole("checkbox").check();
    const bulk = other.locator('[data-c="bulk"]');
    await accessible(other);
    await noSidewaysScroll(other);
    await touchTargets(other);
    await bulk.getByRole("button", { name: "Approve" }).click();
    await bulk.getByText("2 were approved.").waitFor();
    await page.goto(`${origin}/`);
    await page.locator('[data-c="kpi-revenue"]').waitFor();
    await until("the card is gone", 30, async () => (await page.locator('[data-c="risk"]').count()) === 0);
  } finally {
    await page.close();
    await second.close();
  }
}
