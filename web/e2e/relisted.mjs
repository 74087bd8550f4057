// A seller edits orders in a Shopify shop: the order's page sets what was ordered beside what the shop lists now, and asks what is to be decided.
import { expect, until } from "./check.mjs";
import * as looks from "./looks.mjs";
import { start } from "./product.mjs";
import { command } from "./review.mjs";

/** Shopify tells states apart by the second. */
async function aSecond() {
  const began = Date.now();
  await until("a second goes by", 5, async () => Date.now() - began > 1_200);
}

/** Every form of the page that is open, without a scroll to the side. */
async function wellMade(page) {
  await page.evaluate(() => scrollTo(0, 0));
  await looks.everyForm(page);
}

/** A simulated Shopify shop with two products, connected to the hub, of whose units so many are in the house. */
async function shopify(page, connect, units) {
  const sim = await start(["sim", "shopify", "--listen", "127.0.0.1:0"], { needLink: false });
  const [, domain, key, secret] = /--shop (\S+) --base-url \S+ --app-key (\S+) --app-secret (\S+)/.exec(
    await until("the simulator says its credentials", 20, async () => /--app-secret \S+\s/.test(sim.output()) && sim.output()),
  );
  const control = async (path, data = {}) => {
    const answer = await page.request.post(`${sim.origin}/_sim${path}`, { data: { shop: domain, ...data } });
    expect(answer.ok(), `${path}: ${await answer.text()}`);
    return answer.json().catch(() => ({}));
  };
  const variants = {};
  for (const [sku, quantity] of Object.entries(units)) {
    ({ variants: [variants[sku]] } = await control("/products", { product: { title: `${sku} of wool`, variants: [{ sku, price: "8.00", quantity }] } }));
    await command(page, "receive-stock", { sku, quantity, reason: "for the shop" });
  }
  const connection = await connect({ channel: "shopify", key, secret, base_url: sim.origin, auth_url: sim.origin }, { shop: domain });
  return { sim, control, connection, variants };
}

/** An order of one pair of mittens; `edit` has the seller change how many of a SKU are in it, `act` does something else at the shop. */
async function placed(page, origin, { control, connection, variants }) {
  const { order } = await control("/orders", {
    buyer: "Ana Maria", address: "1 High Street", city: "Leeds", postal_code: "LS1 1AA", country: "GB", lines: [{ variant: variants.MITTEN, quantity: 1 }],
  });
  const id = `${connection}:${order}`;
  const shows = async () => {
    const answer = await page.request.get(`${origin}/api/v1/orders/${encodeURIComponent(id)}`);
    return answer.ok() ? answer.json() : {};
  };
  await until("the order waits for its parcel", 60, async () => (await shows()).waiting === "tracking");
  return {
    id,
    shows,
    act: async (what, data) => {
      await aSecond();
      await control(`/orders/${order}/${what}`, data);
    },
    edit: async (sku, quantity) => {
      await aSecond();
      await control(`/orders/${order}/edit`, { variant: variants[sku], quantity });
    },
  };
}

/** What the rows of the comparison say: of each line what was ordered, what the shop lists now, and the word that marks it. */
const rows = (page) =>
  page.locator('[data-c="relisted-line"]').evaluateAll((all) => all.map((row) => [...row.cells].slice(1).map((cell) => cell.innerText.replaceAll(/\s+/g, " ").trim()).join(" | ")));

/** Added and not there: the order waits, and is retried where it says so. Added after it left: the page asks, and an answer ends that. */
export async function besideTheShop(page, origin, connect) {
  const shop = await shopify(page, connect, { MITTEN: 3, BEANIE: 9 });
  try {
    const order = await placed(page, origin, shop);
    await order.edit("MITTEN", 5);
    await order.edit("BEANIE", 2);
    await until("the order waits for what was put into it", 60, async () => {
      const { waiting, relisted } = await order.shows();
      return waiting === "no_stock" && relisted?.lines.length === 2;
    });
    await page.goto(`${origin}/orders/${encodeURIComponent(order.id)}`);
    const note = page.locator('[data-c="amended"]');
    await note.getByText("MITTEN needs 5, 3 available").waitFor();
    const said = await rows(page);
    expect(said.join() === ["1 £8.00 | 5 £40.00 4 more", "none | 2 £16.00 added"].join(), `the lines say ${said.join("; ")}`);
    const total = await page.locator('[data-c="relisted-total"]').innerText();
    expect(/1\s+£8\.00\s+7\s+£56\.00\s+6 more/.test(total), `the totals say ${total}`);
    await wellMade(page);
    await command(page, "receive-stock", { sku: "MITTEN", quantity: 2, reason: "they came" });
    await note.locator('[data-c="retry"]').click();
    await until("the order has all its units", 30, async () => !["no_stock", ""].includes((await order.shows()).waiting));
    await order.edit("BEANIE", 0);
    await until("the second line is out again", 60, async () => (await rows(page)).join() === "1 £8.00 | 5 £40.00 4 more");
    await order.act("pay");
    await order.act("fulfil", { company: "Royal Mail", tracking: "RM1GB" });
    await until("the order has left", 60, async () => (await order.shows()).phase === "finished");
    await order.edit("MITTEN", 6);
    await note.getByText("1 × MITTEN into this order after it had left").waitFor({ timeout: 60_000 });
    await wellMade(page);
    await note.getByRole("button", { name: "That is done" }).click();
    await note.locator('[data-c="relisted-letter"]').waitFor({ state: "detached" });
  } finally {
    await shop.sim.stop();
  }
}
