// What a person enters by hand: a corrected webhook, a repair, an order and its payment, the key by which labels are bought.
import { createHmac } from "node:crypto";
import { asks } from "./board.mjs";
import { forms, open, setUp } from "./browser.mjs";
import { expect, until } from "./check.mjs";
import { everyForm } from "./looks.mjs";
import { start, startEmpty } from "./product.mjs";
import { waitInTurn } from "./queue.mjs";
import { besideTheShop } from "./relisted.mjs";

/** Asks the hub as its own page does, with the session of the page and, for commands, a key. */
async function ask(page, method, path, body) {
  const { status, text } = await page.evaluate(
    async ([method, path, text]) => {
      const time = Date.now().toString(16).padStart(12, "0");
      const key = `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
      const answer = await fetch(path, { method, headers: { "Content-Type": "application/json", "Idempotency-Key": key }, ...(text && { body: text }) });
      return { status: answer.status, text: await answer.text() };
    },
    [method, path, body && JSON.stringify(body)],
  );
  expect(status < 300, `${method} ${path}: ${status} ${text}`);
  return JSON.parse(text);
}

const command = (page, name, body) => ask(page, "POST", `/api/v1/commands/${name}`, body);

/** A page whose changes of one element are kept with what was asked and what came by the socket until then. */
async function watched(context, origin, selector) {
  const page = await context.newPage();
  const frames = [];
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
  await page.goto(origin);
  await page.locator('[data-link="live"]').waitFor();
  await page.locator(selector).waitFor();
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => (window.sameDocument = true));
  const asked = asks(page);
  frames.length = 0;
  return { page, frames, asked };
}

/** Adds an app and connects the shop that it is given; its id. */
async function connected(page, app, given) {
  const { app: id } = await ask(page, "POST", "/api/v1/apps", app);
  const { shops } = await ask(page, "POST", "/api/v1/connections", { app: id, given });
  return shops[0].id;
}

/** A simulated TikTok Shop that is connected, with one listing whose units are in the house. */
async function shop(page, origin) {
  const sim = await start(["sim", "tiktok", "--listen", "127.0.0.1:0", "--hold", "0s", "--refuse-zero"], { needLink: false });
  const [, key, secret] = /app key (\S+), app secret (\S+), service id/.exec(await until("the simulator says its credentials", 20, async () => /auth-code/.test(sim.output()) && sim.output()));
  const control = async (path, data) => {
    const answer = await page.request.post(`${sim.origin}/_sim${path}`, { data });
    expect(answer.ok(), `${path}: ${await answer.text()}`);
    return answer.json().catch(() => ({}));
  };
  await control("/products", { product: { title: "Cap", skus: [{ id: "17290001", seller_sku: "CAP", price: "9.00", quantity: 50 }] } });
  const { app } = await ask(page, "POST", "/api/v1/apps", { channel: "tiktok", key, secret, base_url: sim.origin, auth_url: sim.origin });
  const { code } = await control("/auth-codes", {});
  const { shops } = await ask(page, "POST", "/api/v1/connections", { app, given: { code } });
  const [{ id: connection }] = shops;
  await command(page, "receive-stock", { sku: "CAP", quantity: 500, reason: "for the shop" });
  /** A webhook as the shop signs it. */
  const webhook = async (body) => {
    const answer = await fetch(`${origin}/webhooks/tiktok/${app}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: createHmac("sha256", secret).update(key + body).digest("hex") },
      body,
    });
    expect(answer.status === 200, `the webhook was answered with ${answer.status}`);
  };
  const hint = (order, number) => {
    const now = Math.floor(Date.now() / 1000);
    const data = { order_id: order, order_status: "AWAITING_SHIPMENT", update_time: now };
    return JSON.stringify({ type: 1, tts_notification_id: `770000000${number}`, shop_id: shops[0].shop_id, timestamp: now, data });
  };
  return { sim, control, connection, webhook, hint };
}

const level = { nominal: "border-line", warning: "border-warn-line" };

/**
 * A webhook that cannot be read becomes a dead letter: an icon on another screen turns by the frame alone, the letter is listed,
 * looked into and corrected, and its order comes in; another one is replayed, comes back and is discarded.
 */
async function deadLetters(context, page, origin, { control, connection, webhook, hint }) {
  const icon = '[data-c="status-issues"]';
  const board = await watched(context, origin, icon);
  const says = (name) => until(`the icon says ${name}`, 30, async () => (await board.page.locator(icon).getAttribute("class")).split(" ").includes(level[name]));
  const turned = async (name) => {
    await says(name);
    expect(board.frames.some((frame) => frame.includes('"kpis"')), "no frame brought the change");
    expect(board.asked.length === 0, `the board asked: ${board.asked.slice(0, 3)}`);
    expect(await board.page.evaluate(() => window.sameDocument === true), "the page was loaded again");
    board.frames.length = 0;
  };
  await says("nominal");
  const { order_id: order } = await control("/orders", {
    buyer_id: "9003", buyer_name: "Cleo", address: "3 High Road", city: "Leeds", postal_code: "LS1 1AA", lines: [{ sku_id: "17290001", quantity: 1, price: "9.00" }],
  });
  await webhook(hint(`${order} /x`, 1));
  await turned("warning");

  await page.goto(`${origin}/deadletters`);
  const letter = page.locator('[data-c="deadletter"]');
  await letter.getByText("data.order_id", { exact: true }).waitFor();
  const first = `main/deadletter/${await letter.getAttribute("data-id")}`;
  await letter.getByRole("link", { name: /^Raw webhook/ }).click();
  await page.locator('[data-c="raw-body"] pre').waitFor();
  await page.goBack();
  await letter.getByRole("button", { name: "Correct", exact: true }).click();
  const form = page.locator('[data-c="correct"]');
  const text = form.getByLabel("What was received");
  await text.waitFor();
  const received = await text.inputValue();
  expect(received.includes(`${order} /x`), `not what was received: ${received}`);
  const takeIn = form.getByRole("button", { name: "Take the corrected copy in" });
  await takeIn.click();
  await form.getByText("Nothing was changed.").waitFor();
  await text.fill(received.slice(1));
  await form.getByText(/^This is no JSON/).waitFor();
  await everyForm(page);
  await text.fill(received.replace(`${order} /x`, order));
  await takeIn.click();
  await letter.waitFor({ state: "detached", timeout: 30_000 });
  const get = async (path) => (await page.request.get(origin + path)).json();
  const corrected = (await get(`/api/v1/events?after=0&limit=200&stream=${encodeURIComponent(first)}`)).items.find(({ name }) => name === "deadletter.corrected");
  expect(corrected?.data.fields.join() === "data.order_id", `the log keeps ${JSON.stringify(corrected?.data)}`);
  await until("the corrected copy was taken in", 30, async () => (await get(`/api/v1/inbox/${corrected.data.copy}`)).state === "done");
  expect((await get(`/api/v1/inbox/${corrected.data.inbox}`)).body.includes(`${order} /x`), "what was received was changed");
  expect((await page.request.get(`${origin}/api/v1/orders/${encodeURIComponent(`${connection}:${order}`)}`)).ok(), "its order is not in the hub");
  await turned("nominal");
  await board.page.close();

  await webhook(hint("no order", 2));
  await letter.waitFor({ timeout: 30_000 });
  const stream = `main/deadletter/${await letter.getAttribute("data-id")}`;
  const opened = async () => (await get(`/api/v1/events?after=0&limit=200&stream=${encodeURIComponent(stream)}`)).items.filter(({ name }) => name === "deadletter.opened").length;
  await letter.getByRole("button", { name: "Replay", exact: true }).click();
  await until("the replayed letter comes back", 30, async () => (await opened()) === 2);
  await page.reload();
  await letter.getByRole("button", { name: "Discard", exact: true }).click();
  await letter.getByText("Say why it may be discarded: the log keeps the reason.").waitFor();
  await everyForm(page);
  await letter.getByLabel("Reason (kept in the log)").fill("a test of the shop");
  await letter.getByRole("button", { name: "Discard", exact: true }).click();
  await page.getByText("No dead letters.").waitFor({ timeout: 30_000 });
}

/** What a SKU must survive: as all others until somebody says otherwise, and the form shows what was said. */
async function outage(page, origin) {
  const card = page.locator('[data-c="outage"]');
  await card.getByText(/an outage of the hub of 1\sh$/).click();
  const span = card.getByLabel("An outage of");
  expect(/^As all others: 1\sh$/.test(await span.locator("option:checked").textContent()), "the form does not show what holds");
  await span.selectOption("240");
  await everyForm(page);
  await card.getByRole("button", { name: "Set" }).click();
  await card.getByText("Set. What is listed follows.").waitFor();
  await page.goto(`${origin}/inventory/CAP`);
  await card.getByText(/an outage of the hub of 4\sh$/).click();
  expect((await span.inputValue()) === "240", `the form shows ${await span.inputValue()} minutes`);
}

/** How a SKU is listed: what holds is shown, a buffer that is no number is refused at once, and the shop's listing follows. */
async function policy(page, origin) {
  const card = page.locator('[data-c="policy"]');
  await card.getByText("How it is listed").click();
  const on = card.getByLabel("On", { exact: true });
  await on.selectOption({ index: 1 });
  const name = card.getByLabel("Policy");
  expect((await name.inputValue()) === "hybrid", `the form shows ${await name.inputValue()}`);
  await name.selectOption("mirror");
  const buffer = card.getByLabel("Buffer: units that are not listed");
  await buffer.fill("few");
  await card.getByText("Enter a whole number from 0 to 999,999.").waitFor();
  await everyForm(page);
  await buffer.fill("7");
  await card.getByRole("button", { name: "Set" }).click();
  await card.getByText("Set. What is listed follows.").waitFor();
  const listing = async () => (await (await page.request.get(`${origin}/api/v1/stock/CAP`)).json()).listings[0];
  await until("the listing mirrors all but seven", 30, async () => (await listing()).policy === "mirror" && (await listing()).buffer === 7);
  await page.goto(`${origin}/inventory/CAP`);
  await card.getByText("How it is listed").click();
  await on.selectOption({ index: 1 });
  expect((await name.inputValue()) === "mirror" && (await buffer.inputValue()) === "7", "the form does not show what holds");
  await name.selectOption("hybrid");
  await buffer.fill("0");
  await card.getByRole("button", { name: "Set" }).click();
  await until("the listing is hybrid again", 30, async () => (await listing()).policy === "hybrid");
}

/** A quantity that the shop refuses stands on the SKU's page with the shop's reason; Repair now has it looked at, and says so in the log. */
async function repair(page, origin, { connection }) {
  await page.goto(`${origin}/channels/${connection}`);
  const card = page.locator('[data-c="import"]');
  await card.getByRole("button", { name: "Import", exact: true }).click();
  await card.getByText(/^Imported/).waitFor({ timeout: 60_000 });
  await command(page, "push-quantities", { connection, on: true });
  await page.goto(`${origin}/inventory/CAP`);
  const listing = page.locator('[data-c="listing"]');
  await listing.getByText(/range 1 to 99999/).waitFor({ timeout: 120_000 });
  await everyForm(page);
  await outage(page, origin);
  await policy(page, origin);
  await listing.getByRole("button", { name: "Repair now" }).click();
  await listing.getByText("The shop is being looked at; what differs is written back.").waitFor({ timeout: 15_000 });
  const { items } = await (await page.request.get(`${origin}/api/v1/events?after=0&limit=200&stream=${encodeURIComponent("main/listings/CAP")}`)).json();
  const asked = items.find(({ name }) => name === "listing.repair_asked");
  expect(asked?.data.connection === connection && asked.actor.startsWith("user:"), `no repair in the log: ${items.map(({ name }) => name)}`);
}

const mood = (page) => page.locator('[data-c="o1"] [data-c="mood"]');
const feels = (page, kind) => until(`the orders' header says ${kind}`, 120, async () => (await mood(page).getAttribute("data-mood", { timeout: 1_000 }).catch(() => "")) === kind);

/** The orders' header is normal, says backlog while an order waits for units, and is normal again once they are there and it is tried again. */
async function moods(page, origin, { control, connection }) {
  await page.goto(`${origin}/orders`);
  await feels(page, "normal");
  await control("/products", { product: { title: "Scarf", skus: [{ id: "17290002", seller_sku: "SCARF", price: "12.00", quantity: 5 }] } });
  await command(page, "receive-stock", { sku: "SCARF", quantity: 1, reason: "one of them" });
  const { order_id: order } = await control("/orders", {
    buyer_id: "9004", buyer_name: "Eve", address: "5 High Road", city: "Leeds", postal_code: "LS1 1AA", lines: [{ sku_id: "17290002", quantity: 2, price: "12.00" }],
  });
  await feels(page, "backlog");
  await everyForm(page);
  await command(page, "receive-stock", { sku: "SCARF", quantity: 5, reason: "the others" });
  await command(page, "retry-step", { flow: `${connection}:${order}` });
  await feels(page, "normal");
}

/** An order that no channel sold, by card: refused without stock, declined by the bank, paid by another card. */
async function directSale(page, origin) {
  const stripe = await start(["sim", "stripe", "--listen", "127.0.0.1:0"], { needLink: false });
  try {
    const [, account, secret] = /account (\S+), the secret key (\S+) and/.exec(await until("the simulator says its keys", 20, async () => /secret key/.test(stripe.output()) && stripe.output()));
    await page.goto(`${origin}/channels`);
    const connect = page.locator('[data-c="connect"]');
    await connect.getByRole("button", { name: "Connect", exact: true }).click();
    await connect.getByLabel("Channel").selectOption({ label: "Direct sales" });
    await connect.getByLabel("Stripe account or a name").fill(account);
    await connect.getByText("Other addresses, for a simulator").click();
    await connect.getByLabel("Address of the API").fill(stripe.origin);
    await everyForm(page);
    await connect.getByRole("button", { name: "Next: what the seller gave" }).click();
    await connect.getByLabel("Stripe secret key (optional)").fill(secret);
    await connect.getByRole("button", { name: "Connect", exact: true }).click();
    await connect.getByText(/^Connected: Simulated Shop/).waitFor({ timeout: 30_000 });
    await command(page, "receive-stock", { sku: "MUG", quantity: 5, reason: "for the stall" });

    await page.goto(`${origin}/orders`);
    const form = page.locator('[data-c="place-order"]');
    await form.getByText("Enter an order").click();
    const enter = form.getByRole("button", { name: "Enter order" });
    await enter.click();
    await form.getByText(/^Give it 1 to 64 letters/).waitFor();
    await form.getByText(/^Each line needs a SKU/).waitFor();
    await everyForm(page);
    const fill = async (fields) => {
      for (const [label, value] of Object.entries(fields)) await form.getByLabel(label, { exact: true }).fill(value);
    };
    await fill({ "Order number": "STALL-1", SKU: "MUG", Units: "99", "Price of one, GBP": "7.50", Delivery: "2.00" });
    await form.getByLabel("Paid", { exact: true }).selectOption({ label: "By card, through Stripe" });
    await fill({ "Payment at Stripe": "pm_card_chargeDeclined", "Buyer's name": "Dan", "Street and number": "4 High Road", Town: "Leeds", "Postal code": "LS1 1AA", "Country, such as GB": "GB" });
    await enter.click();
    const said = form.getByRole("status");
    await until("more than there is is refused in a sentence", 15, async () => {
      const text = await said.textContent();
      return text.length > 10 && !/Sending|Entered/.test(text);
    });

    await everyForm(page);
    await fill({ Units: "2" });
    await enter.click();
    await form.getByText("Entered. It is among the orders.").waitFor({ timeout: 15_000 });
    const row = page.locator('[data-c="order-row"]').filter({ hasText: "STALL-1" });
    await row.waitFor({ timeout: 15_000 });
    await row.getByRole("link").click();

    const card = page.locator('[data-c="payment"]');
    const pay = card.locator('[data-c="pay-order"]');
    await page.getByText(/declined/i).first().waitFor({ timeout: 60_000 });
    await pay.getByLabel("Payment at Stripe").fill("4242 4242 4242 4242");
    await pay.getByRole("button", { name: "Charge this instead" }).click();
    await pay.getByText(/Card numbers never come here/).waitFor();
    await everyForm(page);
    await pay.getByLabel("Payment at Stripe").fill("pm_card_visa");
    await pay.getByRole("button", { name: "Charge this instead" }).click();
    await card.getByText("Paid by card.").waitFor({ timeout: 60_000 });
    await pay.waitFor({ state: "detached" });
    await everyForm(page);

    await page.goto(`${origin}/orders`);
    await form.getByText("Enter an order").click();
    await fill({ "Order number": "STALL-2", SKU: "MUG", Units: "1", "Price of one, GBP": "7.50" });
    await form.getByLabel("Paid", { exact: true }).selectOption({ label: "By a link that you send the buyer" });
    await enter.click();
    await form.getByText("Entered. It is among the orders.").waitFor({ timeout: 15_000 });
    await page.locator('[data-c="order-row"]').filter({ hasText: "STALL-2" }).getByRole("link").click();
    const link = card.locator('[data-c="payment-link"]');
    const shown = link.getByLabel("Link for the buyer");
    await shown.waitFor({ timeout: 60_000 });
    const first = await shown.inputValue();
    await link.getByText(/^Send it to the buyer\. It can be paid once, until /).waitFor();
    await link.getByRole("button", { name: "Copy" }).click();
    await link.getByRole("status").getByText(/Copied|Copying is not allowed/).waitFor();
    const send = card.locator('[data-c="send-payment-link"]');
    await send.getByLabel("Page after paying").fill("shop.example");
    await send.getByRole("button", { name: "Make another link" }).click();
    await send.getByText("It begins with https://.").waitFor();
    await everyForm(page);
    await send.getByLabel("Page after paying").fill("");
    await send.getByLabel("Open for").selectOption({ label: "3 hours" });
    await send.getByRole("button", { name: "Make another link" }).click();
    await until("another link takes its place", 60, async () => (await shown.count()) > 0 && (await shown.inputValue()) !== first);
    const paid = await fetch(await shown.inputValue(), { method: "POST", redirect: "manual" });
    expect(paid.status === 303, `the buyer's page answers ${paid.status} to the payment`);
    await card.getByText("The buyer has paid by the link.").waitFor({ timeout: 120_000 });
    await everyForm(page);
  } finally {
    await stripe.stop();
  }
}

/** The payment provider is down, as the direct sale left it: the orders' header says so, by name. */
async function providerDown(page, origin) {
  await page.goto(`${origin}/orders`);
  await feels(page, "degraded");
  const said = await mood(page).textContent();
  expect(said.includes("Simulated Shop"), `the header does not say what is down: ${said}`);
  await everyForm(page);
}

/** The key of EasyPost: what is missing is said, a wrong one refused in a sentence, a right one kept, and it is taken back. */
async function labels(page, origin) {
  const easypost = await start(["sim", "easypost", "--listen", "127.0.0.1:0"], { needLink: false });
  try {
    const [, key] = /enter the key (\S+) and/.exec(await until("the simulator says its key", 20, async () => /enter the key/.test(easypost.output()) && easypost.output()));
    await page.goto(`${origin}/settings`);
    const form = page.locator('[data-c="label-form"]');
    const save = form.getByRole("button", { name: "Try the key and save" });
    await save.click();
    await form.getByText("Enter this.").first().waitFor();
    await everyForm(page);
    const fields = { "Weight in grams": "480", "Length in cm": "20", "Width in cm": "15", "Height in cm": "10", Sender: "Shop", Street: "1 Market Street", Town: "London", "Postal code": "N1 1AA", Country: "gb" };
    for (const [label, value] of Object.entries(fields)) await form.getByLabel(label, { exact: true }).fill(value);
    await form.getByText("Another address, for a simulator").click();
    await form.getByLabel("Address of the API").fill(easypost.origin);
    await form.getByLabel("API key").fill("EZTKwrongwrongwrong");
    await save.click();
    await form.getByText(/EasyPost refuses the API key/).waitFor({ timeout: 15_000 });
    await everyForm(page);
    await form.getByLabel("API key").fill(key);
    await save.click();
    await form.getByText(/^Saved\./).waitFor({ timeout: 15_000 });
    await form.getByText(/bought with a test key/).waitFor();
    expect((await form.getByLabel("API key").inputValue()) === "", "the key is shown again");
    await everyForm(page);
    await form.getByRole("button", { name: "Buy no labels any more" }).click();
    const sure = form.getByRole("group");
    await sure.getByText(/^The key is forgotten/).waitFor();
    await everyForm(page);
    await sure.getByRole("button", { name: "Buy no labels any more" }).click();
    await form.getByText("No labels are bought any more.").waitFor({ timeout: 15_000 });
    const now = await (await page.request.get(`${origin}/api/v1/label-partner`)).json();
    expect(now.partner === "", `labels are still bought at ${now.partner}`);
  } finally {
    await easypost.stop();
  }
}

/** A business of its own, in which all of this is entered through the screens. */
export async function byHand(run, browser) {
  const product = await startEmpty();
  const context = await open(browser, { ...forms[0] });
  try {
    const page = await context.newPage();
    await setUp(page, await product.invite(), "/settings");
    await page.getByLabel("Name of the business").fill("Dan's stall");
    await page.getByLabel("Currency").fill("GBP");
    await page.getByRole("button", { name: "Save and open the board" }).click();
    await page.waitForURL((url) => url.pathname === "/");
    const tiktok = await shop(page, product.origin);
    try {
      await run.check("an unreadable webhook turns an icon by the frame alone; letters are listed, then corrected replayed and discarded", () => deadLetters(context, page, product.origin, tiktok));
      await run.check("Repair now has a listing looked at", () => repair(page, product.origin, tiktok));
      await run.check("the orders' header goes from normal to backlog and back", () => moods(page, product.origin, tiktok));
      await run.check("an order is entered by hand, declined and paid", () => directSale(page, product.origin));
      await run.check("the payment provider is down, and the orders' header says it", () => providerDown(page, product.origin));
      await run.check("the key for labels is set, refused and removed", () => labels(page, product.origin));
      await run.check("orders wait in turn for stock, and an owner moves them", () => waitInTurn(page, product.origin, tiktok));
      await run.check("an order stands beside what its shop lists now", () => besideTheShop(page, product.origin, (app, given) => connected(page, app, given)));
    } finally {
      await tiktok.sim.stop();
    }
  } finally {
    await context.close();
    await product.stop();
  }
}
