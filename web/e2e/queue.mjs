// Orders without stock wait in turn: the setting, the queue on the SKU's page, an order's place, and an owner who changes it.
import { expect, until } from "./check.mjs";
import * as looks from "./looks.mjs";
import { command } from "./review.mjs";

/** From the top of the page: further down a field may lie behind the bar that says that all this is made up. */
async function wellMade(page) {
  await page.evaluate(() => scrollTo(0, 0));
  await looks.settle(page);
  await looks.accessible(page);
  await looks.noSidewaysScroll(page);
}

/** Sets by the screen what is done without stock, for all SKUs and for one, and takes the latter back. */
async function setPath(page, origin, word, sku) {
  await page.goto(`${origin}/settings`);
  const card = page.locator('[data-c="shortage"]');
  const forAll = card.locator('[data-c="shortage-all"]');
  await forAll.getByLabel("For all SKUs").selectOption({ label: word });
  await forAll.getByRole("button", { name: "Save" }).click();
  await forAll.getByText("Saved. It holds for orders that ask for stock from now on").waitFor();
  if (!sku) return;
  const single = card.locator('[data-c="shortage-sku"]');
  await single.getByLabel("SKU", { exact: true }).fill(sku);
  await single.getByLabel("When it is missing").selectOption({ label: "Hold the order" });
  await single.getByRole("button", { name: "Set for this SKU" }).click();
  await single.locator('[data-c="shortage-own"]').filter({ hasText: sku }).getByText("Hold the order").waitFor();
  await wellMade(page);
  await single.getByRole("button", { name: `Do for ${sku} as for all others` }).click();
  await single.locator('[data-c="shortage-own"]').waitFor({ state: "detached" });
}

/** Three orders of two hats each for one hat that is there: nobody can be served before units come, whoever is the first. */
export async function waitInTurn(page, origin, { control, connection }) {
  const ask = async (path) => (await page.request.get(origin + path)).json();
  const sku = "HAT";
  const places = async () => (await ask(`/api/v1/stock/${sku}`)).queue?.places ?? [];
  await control("/products", { product: { title: "Hat", skus: [{ id: "17290003", seller_sku: sku, price: "20.00", quantity: 50 }] } });
  await command(page, "receive-stock", { sku, quantity: 1, reason: "one of them" });
  await setPath(page, origin, "Backorder it", sku);
  const waiting = [];
  for (const number of [1, 2, 3]) {
    const { order_id: order } = await control("/orders", {
      buyer_id: `900${4 + number}`, buyer_name: "Fay", address: `${number} Low Road`, city: "Leeds", postal_code: "LS1 1AA", lines: [{ sku_id: "17290003", quantity: 2, price: "20.00" }],
    });
    waiting.push(`${connection}:${order}`);
    await until(`${number} orders wait`, 60, async () => (await places()).length === number);
  }
  const last = waiting[2];
  expect((await places()).map(({ order }) => order).join() === waiting.join(), "they do not wait in the order in which they came");

  await page.goto(`${origin}/inventory/${sku}`);
  await until("the page shows who waits", 10, async () => (await page.locator('[data-c="queue-place"]').count()) === 3);
  await wellMade(page);
  await page.goto(`${origin}/orders/${encodeURIComponent(last)}`);
  await page.locator('[data-c="order-state"] [data-state="backorder"]').waitFor();
  const card = page.locator('[data-c="backorder"]');
  const said = await card.locator('[data-c="backorder-place"]').textContent();
  expect(said.startsWith(`Backordered, 3rd in the queue for ${sku}`), `the order says ${said}`);
  await card.locator('[data-c="backorder-first"]').click();
  await card.getByText("Say why: those who wait behind it may ask").waitFor();
  await card.getByLabel("Reason").fill("a birthday present");
  await wellMade(page);
  await card.locator('[data-c="backorder-first"]').click();
  await card.getByText("Moved to the front: a birthday present").waitFor();
  const [first] = await places();
  expect(first.order === last && first.why === "a birthday present", `the first is ${JSON.stringify(first)}`);
  await card.getByLabel("Reason").fill("it takes too long");
  await card.locator('[data-c="leave-backorders"]').click();
  await page.locator('[data-c="order-state"] [data-state="no_stock"]').waitFor();

  await command(page, "receive-stock", { sku, quantity: 1, reason: "for the queue" });
  await until("the next one is served by itself, and only it", 30, async () => (await places()).map(({ order }) => order).join() === waiting[1]);
  await setPath(page, origin, "Hold the order");
}
