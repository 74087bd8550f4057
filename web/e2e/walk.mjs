// From a number down to its cause, and the commands that mend what waits.
import { expect, until } from "./check.mjs";
import { waitForLive } from "./board.mjs";

const number = (text) => Number(text.replace(/[^0-9\u2212-]/g, "").replace("\u2212", "-"));

/** `/` -> critical SKU -> why -> ledger row -> event -> raw webhook, by clicks alone. */
export async function whyThisNumber(page, origin) {
  await page.goto(`${origin}/`);
  await page.locator('[data-c="critical-row"]').first().waitFor({ timeout: 120_000 });
  // one that an order from a webhook moved: a SKU may be critical before its first sale, and a poll may bring an order
  const { sku, entry } = await until("a critical SKU with a movement by a webhook's order", 60, async () => {
    const shown = await page.locator('[data-c="critical-row"]').evaluateAll((rows) => rows.map((row) => row.dataset.sku));
    for (const one of shown) {
      const { ledger } = await (await page.request.get(`${origin}/api/v1/stock/${encodeURIComponent(one)}`)).json();
      const row = ledger.slice(0, 10).find((movement) => movement.order !== "" && movement.inbox > 0);
      if (row) return { sku: one, entry: row.entry };
    }
    return undefined;
  });
  await page.locator(`[data-c="critical-row"][data-sku="${sku}"]`).click();
  await page.waitForURL((url) => url.pathname === `/inventory/${encodeURIComponent(sku)}` || url.pathname === `/inventory/${sku}`);
  const explain = await page.locator('[data-c="explain"]').textContent();
  expect(/available = .* on hand/.test(explain), `the sentence does not explain the number: ${explain}`);
  const shown = number(await page.locator('[data-c="available"]').textContent());
  const said = number(/^(\S+) available/.exec(explain)?.[1] ?? "");
  expect(Number.isFinite(shown) && Math.abs(shown - said) <= 50, `the number ${shown} and its sentence ${said} differ`);

  await page.locator('[data-c="ledger-row"]').first().waitFor();
  const fresh = page.getByRole("button", { name: /^Show .* new movement/ });
  if ((await fresh.count()) > 0) await fresh.click();
  const older = page.getByRole("button", { name: "Show more" });
  if ((await older.count()) > 0) await older.click(); // the row may have moved down meanwhile
  await page.locator(`[data-c="ledger-row"][data-entry="${entry}"]`).getByRole("link", { name: /^Event/ }).click();
  await page.locator('[data-c="event"]').waitFor();
  await page.locator('[data-c="raw-link"]').click();
  await page.locator('[data-c="raw-body"] pre').waitFor();
  const body = await page.locator('[data-c="raw-body"] pre').textContent();
  expect(/"type"|"data"|order/.test(body), `this is no webhook: ${body.slice(0, 200)}`);
  await page.goBack();
  await page.locator('[data-c="event"]').waitFor();
}

/** The SKUs that sold most often lately. */
async function sellers(page, origin) {
  const position = Number((await page.request.get(`${origin}/api/v1/kpis`)).headers()["x-log-position"]);
  const sold = new Map();
  for (let after = Math.max(0, position - 4000); after < position; after += 200) {
    const { items } = await (await page.request.get(`${origin}/api/v1/events?after=${after}&limit=200`)).json();
    for (const { name, data } of items) {
      if (name === "stock.reserved") sold.set(data.sku, (sold.get(data.sku) ?? 0) + 1);
    }
  }
  return [...sold].sort((a, b) => b[1] - a[1]).map(([sku]) => sku);
}

/** What orders move does not push the rows that are being read: it is counted, and shown when asked. */
export async function freshMovements(context, origin, of) {
  const fresh = (page) => page.getByRole("button", { name: /^Show .* new movement/ });
  // nobody knows which one sells next, so several are open at once
  const pages = await Promise.all(
    (await sellers(of, origin)).slice(0, 6).map(async (sku) => {
      const page = await context.newPage();
      await page.goto(`${origin}/inventory/${encodeURIComponent(sku)}`);
      await page.locator('[data-c="ledger-row"]').first().waitFor();
      return page;
    }),
  );
  try {
    const page = await Promise.any(pages.map((page) => fresh(page).waitFor({ timeout: 120_000 }).then(() => page)));
    const newest = async () => Number(await page.locator('[data-c="ledger-row"]').first().getAttribute("data-entry"));
    const before = await newest();
    await page.waitForTimeout(1_000);
    expect((await newest()) === before, `the rows of ${page.url()} moved by themselves`);
    await fresh(page).click();
    expect((await newest()) > before, `the new movements of ${page.url()} were not shown when asked for`);
  } finally {
    for (const page of pages) await page.close();
  }
}

/** An order's page, its timeline, its label as a file that is a PDF. */
export async function orderAndLabel(page, origin) {
  const order = await until("an order with a label", 180, async () => {
    const list = await (await page.request.get(`${origin}/api/v1/orders?status=finished&limit=20`)).json();
    for (const item of list.items ?? []) {
      const detail = await (await page.request.get(`${origin}/api/v1/orders/${encodeURIComponent(item.id)}`)).json();
      if (detail.label) return item;
    }
    return undefined;
  });
  await page.goto(`${origin}/orders?status=finished`);
  await page.locator('[data-c="order-row"]').first().waitFor();
  await page.goto(`${origin}/orders/${encodeURIComponent(order.id)}`);
  await page.locator('[data-c="step"]').first().waitFor();
  expect((await page.locator('[data-c="step"]').count()) === 7, "the timeline does not have seven steps");
  expect((await page.locator('[data-c="flow-sentence"]').textContent()).length > 10, "the flow says nothing");
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator('[data-c="label"]').click()]);
  const stream = await download.createReadStream();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const file = Buffer.concat(chunks);
  expect(file.subarray(0, 5).toString() === "%PDF-", "the label is no PDF");
  const event = page.locator('[data-c="events"] details').first();
  await event.locator("summary").click();
  await event.locator("pre").waitFor();
}

export function waitsForStock(page, origin) {
  return until("an order without stock", 240, async () => {
    const list = await (await page.request.get(`${origin}/api/v1/orders?status=no_stock&limit=50`)).json();
    return list.items?.sort((a, b) => a.lines - b.lines)[0]; // the smallest: fewest SKUs to receive
  });
}

/** Receives stock on the SKU page that is open and sees the number and the ledger follow without a reload. */
export async function receive(page, units) {
  const available = page.locator('[data-c="available"]');
  await page.getByLabel("Units received").fill(units.replace(",", ""));
  const before = number(await available.textContent());
  await page.locator('[data-c="receive"]').getByRole("button", { name: "Receive" }).click();
  await page.getByText(`Received ${units}. The ledger shows the new row.`).waitFor({ timeout: 15_000 });
  await until("the available number follows without a reload", 15, async () => number(await available.textContent()) !== before);
  await page.locator('[data-c="ledger-row"]').filter({ hasText: `+${units}` }).first().waitFor();
}

/** The SKUs that an order needs more of than is available. */
async function shortOf(ask, id) {
  const { lines } = await ask(`/api/v1/orders/${encodeURIComponent(id)}`);
  const needs = new Map();
  for (const { sku, quantity } of lines) needs.set(sku, (needs.get(sku) ?? 0) + quantity);
  const short = [];
  for (const [sku, units] of needs) {
    if ((await ask(`/api/v1/stock/${encodeURIComponent(sku)}`)).available < units) short.push(sku);
  }
  return short;
}

/** A no-stock order: receive what is short on the SKU page, retry, and watch the order go on without a reload. */
export async function receiveAndRetry(page, origin) {
  const ask = async (path) => (await page.request.get(origin + path)).json();
  const { item, short } = await until("an order is short of something", 60, async () => {
    const { items } = await ask("/api/v1/orders?status=no_stock&limit=50");
    for (const item of items.sort((a, b) => a.lines - b.lines)) {
      const short = await shortOf(ask, item.id); // of nothing any more when another order was cancelled, and nobody retried it
      if (short.length > 0) return { item, short };
    }
  });
  const orderPath = `/orders/${encodeURIComponent(item.id)}`;
  await page.goto(origin + orderPath);
  await page.locator('[data-c="order-state"] [data-state="no_stock"]').waitFor();
  await page.locator('[data-c="retry"]').waitFor();
  for (const sku of short) {
    await page.goto(`${origin}/inventory/${encodeURIComponent(sku)}`);
    await waitForLive(page);
    await receive(page, "1,000");
  }
  await page.goto(origin + orderPath);
  const state = page.locator('[data-c="order-state"] [data-state]');
  await state.waitFor();
  const retry = page.locator('[data-c="retry"]');
  if ((await state.getAttribute("data-state")) === "no_stock" && (await retry.count()) > 0) {
    await retry.click().catch(() => undefined); // stock may have moved the order on in this moment
  }
  await until("the order goes on", 30, async () => (await state.getAttribute("data-state")) !== "no_stock");
}

/** A refusal is a sentence beside the button that was pressed; a bad input never leaves the page. */
export async function refusalIsASentence(page, origin) {
  const { items } = await (await page.request.get(`${origin}/api/v1/stock?limit=1`)).json();
  await page.goto(`${origin}/inventory/${encodeURIComponent(items[0].sku)}`);
  const form = page.locator('[data-c="adjust"]');
  await form.getByRole("button", { name: "Adjust" }).click();
  await form.getByText("Enter a whole number that is not 0.").waitFor();
  await form.getByText("Say why: the ledger keeps the reason.").waitFor();
  await form.getByLabel(/^Change/).fill("-99999999");
  await form.getByLabel("Reason").fill("browser test");
  await form.getByRole("button", { name: "Adjust" }).click();
  const said = form.getByRole("status");
  await until("the refusal is shown", 15, async () => {
    const text = await said.textContent();
    return text.length > 10 && !/Sending/.test(text);
  });
  expect(!/ledger shows the new row|screen follows/.test(await said.textContent()), "an impossible adjustment was taken");
}

/** The search of the header finds an order and opens it with the keyboard. */
export async function findByKeyboard(page, origin) {
  const { items } = await (await page.request.get(`${origin}/api/v1/orders?limit=1`)).json();
  await page.goto(`${origin}/`);
  await page.locator('[data-c="kpi-orders"]').waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type(items[0].channel_id);
  await page.getByRole("option").first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname.startsWith("/orders/"));
  await page.getByRole("heading", { name: `Order ${items[0].channel_id}` }).waitFor();
}

/** A movement shows at once, before the server has answered, and is taken back with the reason when it is refused. */
export async function atOnce(page, origin) {
  const { items } = await (await page.request.get(`${origin}/api/v1/stock?limit=1`)).json();
  await page.goto(`${origin}/inventory/${encodeURIComponent(items[0].sku)}`);
  await waitForLive(page);
  let answer;
  await page.route("**/api/v1/commands/receive-stock", async (route) => {
    await new Promise((resolve) => (answer = resolve));
    await route.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify({ title: "Conflict", status: 409, detail: "Refused by the check." }) });
  });
  const form = page.locator('[data-c="receive"]');
  await form.getByLabel("Units received").fill("700000");
  await form.getByRole("button", { name: "Receive" }).click();
  await page.getByText("+700,000 is being booked.").waitFor({ timeout: 5_000 });
  await until("the number shows it", 5, async () => number(await page.locator('[data-c="available"]').textContent()) >= 600_000);
  answer();
  await form.getByText("Refused by the check.").waitFor();
  await until("the number is taken back", 5, async () => number(await page.locator('[data-c="available"]').textContent()) < 600_000);
  await page.unroute("**/api/v1/commands/receive-stock");
}

/** A count books only what differs from the books as they were when it began. */
export async function countTheShelf(page, origin) {
  const { items } = await (await page.request.get(`${origin}/api/v1/stock?limit=1`)).json();
  await page.goto(`${origin}/inventory/${encodeURIComponent(items[0].sku)}`);
  await waitForLive(page);
  const form = page.locator('[data-c="count"]');
  await form.getByRole("button", { name: "Begin a count" }).click();
  const books = number(/said (\S+) on hand/.exec(await form.getByText(/When you began/).textContent())[1]);
  await form.getByRole("button", { name: "Book the difference" }).click();
  await form.getByText("Enter a whole number, 0 or more.").waitFor();
  await form.getByLabel("Units found").fill(String(books + 3));
  await form.getByText(/the difference is \+3\./).waitFor();
  await form.getByRole("button", { name: "Book the difference" }).click();
  await page.getByText("Adjusted by +3. The ledger shows the new row.").waitFor({ timeout: 15_000 });
  await page.locator('[data-c="ledger-row"]').filter({ hasText: /Counted .*, the ledger said/ }).first().waitFor();
  await form.getByRole("button", { name: "Begin a count" }).click();
  const now = number(/said (\S+) on hand/.exec(await form.getByText(/When you began/).textContent())[1]);
  await form.getByLabel("Units found").fill(String(now));
  await form.getByRole("button", { name: "Book the difference" }).click();
  await form.getByText(/The books are right/).waitFor();
}

/** An order that waits is taken back by hand: it says so, and a letter says what its channel must be told. */
export async function takeBack(page, origin) {
  const order = await waitsForStock(page, origin);
  await page.goto(`${origin}/orders/${encodeURIComponent(order.id)}`);
  const ways = page.locator('[data-c="other-ways"]');
  await ways.getByText("Other ways on").click();
  await ways.locator('[data-c="take-back"]').click();
  await ways.getByText("Say why: the order's history keeps the reason.").waitFor();
  await ways.getByLabel("Reason").fill("browser test");
  await ways.locator('[data-c="take-back"]').click();
  await page.locator('[data-c="order-state"] [data-state="undone"]').waitFor({ timeout: 15_000 });
  await ways.getByText("Taken back. A dead letter says what is left to do at the channel.").waitFor();
  await page.goto(`${origin}/deadletters`);
  await page.locator(`[data-c="deadletter"][data-id="taken-back-${order.id}"]`).waitFor({ timeout: 15_000 });
}
