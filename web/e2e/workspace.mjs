// A new server asks its owner what the business is called, where its day begins and what it counts in.
import { password, widths } from "./browser.mjs";
import { expect, twoAtATime, until } from "./check.mjs";
import { accessible, noSidewaysScroll, touchTargets } from "./looks.mjs";
import { start, startEmpty } from "./product.mjs";
import { reviewHeld } from "./review.mjs";
import { nothingYet } from "./states.mjs";

/** What the shop lists is read: a preview that writes nothing, then the import; SKUs are made, and the orders that waited for them go on. */
async function importListings(page) {
  await page.locator('[data-c="pushing"]').getByRole("link", { name: "Listings" }).click();
  const card = page.locator('[data-c="import"]');
  await card.getByText("Also make the SKUs that are missing").first().click();
  await card.getByRole("button", { name: "Preview" }).click();
  await card.getByText(/^Preview: .* Nothing is written yet\.$/).waitFor({ timeout: 30_000 });
  await card.getByText("Make a SKU:").first().waitFor();
  await accessible(page);
  await card.getByRole("button", { name: "Import", exact: true }).click();
  await card.getByText(/^Imported .* SKUs made/).waitFor({ timeout: 60_000 });
  await page.locator('[data-c="listing-row"]').filter({ hasText: "Mapped" }).first().waitFor({ timeout: 15_000 });
  await accessible(page);
}

/** A buyer wants to cancel: the order waits for the seller, who agrees on its page; the channel is told and cancels. */
async function decide(page, origin, sim) {
  const told = [];
  const buyer = async (order, action, data = {}) => {
    const answer = await page.request.post(`${sim.origin}/_sim/orders/${order}/${action}`, { data });
    told.push(`${action} ${answer.status()} ${await answer.text()}`);
    return answer.ok();
  };
  const id = await until(`a buyer asks to cancel: ${told}`, 60, async () => {
    const { items } = await (await page.request.get(`${origin}/api/v1/orders?status=on_hold&limit=1`)).json();
    const [item] = items;
    // within the hour after payment the channel agrees by itself; after it the seller decides
    if (!item || !(await buyer(item.channel_id, "release"))) return undefined;
    return (await buyer(item.channel_id, "request-cancel", { reason: "ecom_order_to_ship_canceled_reason_no_longer_needed" })) ? item.id : undefined;
  });
  await page.goto(`${origin}/orders/${encodeURIComponent(id)}`);
  const claim = page.locator('[data-c="claim"]');
  await claim.getByText("Cancellation", { exact: true }).waitFor({ timeout: 30_000 });
  const approve = claim.getByRole("button", { name: "Approve the cancellation" });
  await approve.waitFor();
  await accessible(page);
  await approve.click();
  await page.locator('[data-c="answer"]').getByText("Done").waitFor({ timeout: 30_000 });
  await page.locator('[data-c="order-state"] [data-state="cancelled"]').waitFor({ timeout: 30_000 });
}

/** An order that the seller's own carrier takes asks for a parcel; once it is entered the channel knows its number. */
async function sendParcel(page, origin, sim) {
  const [{ id: connection }] = (await (await page.request.get(`${origin}/api/v1/connections`)).json()).items;
  const { items } = await (await page.request.get(`${origin}/api/v1/connections/${connection}/listings?state=mapped&limit=50`)).json();
  const sold = await until("a buyer orders something that is there", 30, async () => {
    for (const { listing } of items) {
      const answer = await page.request.post(`${sim.origin}/_sim/orders`, {
        data: {
          buyer_id: "9001", buyer_name: "Ana", address: "1 High Street", city: "Leeds", postal_code: "LS1 1AA", shipping_type: "SELLER",
          lines: [{ sku_id: listing, quantity: 1, price: "2.50" }],
        },
      });
      if (answer.ok()) return (await answer.json()).order_id;
    }
  });
  const order = `${connection}:${sold}`;
  await until("the order is in the hub", 60, async () => (await page.request.get(`${origin}/api/v1/orders/${encodeURIComponent(order)}`)).ok());
  await page.request.post(`${sim.origin}/_sim/orders/${sold}/release`, { data: {} });
  await page.goto(`${origin}/orders/${encodeURIComponent(order)}`);
  const form = page.locator('[data-c="ship-order"]');
  await form.waitFor({ timeout: 60_000 });
  await form.getByRole("button", { name: "Enter parcel" }).click();
  await form.getByText("Enter the number on the label.").waitFor();
  await accessible(page);
  await form.getByLabel("Tracking number").fill("RM123456785GB");
  await form.getByRole("button", { name: "Enter parcel" }).click();
  await page.locator('[data-c="parcel"][data-state="told"]').getByText("RM123456785GB").waitFor({ timeout: 60_000 });
  await accessible(page);
  const { packages } = await (await page.request.get(`${sim.origin}/_sim/orders/${sold}`)).json();
  expect(JSON.stringify(packages).includes("RM123456785GB"), `the channel knows of ${JSON.stringify(packages)}`);
}

/** From nothing to the first order, by the screen alone: credentials, consent at the channel, back, connected, doctor green. */
async function connectShop(run, page, origin) {
  const sim = await start(["sim", "tiktok", "--listen", "127.0.0.1:0", "--orders", "demo", "--speed", "600", "--redirect-url", `${origin}/channels`], { needLink: false });
  try {
    const told = /app key (\S+), app secret (\S+), service id (\S+) and/.exec(await until("the simulator says its credentials", 20, async () => /connect tiktok[^]*auth-code/.test(sim.output()) && sim.output()));
    await page.goto(`${origin}/channels`);
    await page.getByText("No channel is connected.").waitFor();
    const next = page.getByRole("button", { name: "Next: what the seller gave" });
    await next.click();
    await page.getByText("This is needed.").first().waitFor();
    await page.getByLabel("App key").fill(told[1]);
    await page.getByLabel("App secret").fill(told[2]);
    await page.getByLabel("Service id (optional)").fill(told[3]);
    await page.getByText("Other addresses, for a simulator").click();
    await page.getByLabel("Address of the API").fill(sim.origin);
    await page.getByLabel("Address of the token endpoints").fill(sim.origin);
    await accessible(page);
    await page.getByRole("button", { name: "Go to the seller's consent" }).click();
    await page.waitForURL((url) => url.origin === origin && url.pathname === "/channels" && url.search.includes("code"));
    await accessible(page);
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByText(/^Connected: Simulated shop/).waitFor({ timeout: 30_000 });
    expect(!page.url().includes("code"), `the code stays in the address: ${page.url()}`);
    await page.locator('[data-c="channel"]').filter({ hasText: "Simulated shop" }).waitFor();
    await page.getByRole("button", { name: "Run the doctor" }).click();
    await page.getByText(/^(Everything is right|What could be checked is right)/).waitFor({ timeout: 30_000 });
    await page.goto(`${origin}/orders`);
    await page.locator('[data-c="order-row"]').first().waitFor({ timeout: 120_000 });
    await page.goto(`${origin}/channels`);
    await importListings(page);
    await decide(page, origin, sim);
    await sendParcel(page, origin, sim);
    await run.check("flagged orders stand on the card, and the count in another browser follows an approval", () => reviewHeld(page.context(), origin, sim));
    await page.goto(`${origin}/orders`); // the screen that is open when the shop stops answering
    await page.locator('[data-link="live"]').waitFor();
  } finally {
    await sim.stop();
  }
}

/** From nothing to the first order of a simulated shop: what was typed and pressed is counted, how long it took is printed. */
export async function firstRun(browser) {
  const begun = performance.now();
  let steps = 1; // creatorflow serve
  const product = await startEmpty();
  const context = await browser.newContext({ locale: "en-GB", serviceWorkers: "block", viewport: { width: 390, height: 844 } });
  try {
    const page = await context.newPage();
    const press = async (name) => {
      steps += 1;
      await page.getByRole("button", { name }).click();
    };
    await page.goto(product.link);
    steps += 1; // the link
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Password again").fill(password);
    await press("Set password and open the board");
    const bar = page.locator('[data-c="demo"]');
    await bar.waitFor();
    await accessible(page);
    await press("Try it with demo data");
    await page.locator('[data-c="demo"][data-demo="removable"]').waitFor({ timeout: 120_000 });
    await until("the first order is on the board", 120, async () => Number(await page.locator('[data-c="active-orders"]').textContent().catch(() => "0")) > 0);
    console.log(`      from nothing to the first order: ${steps} commands and presses, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    expect(steps <= 5, `${steps} commands and presses`);
    for (const path of ["/orders", "/inventory", "/channels", "/flows", "/events", "/deadletters", "/settings"]) {
      await page.goto(product.origin + path);
      await bar.getByText(/^Demo data/).waitFor();
      await accessible(page);
      await noSidewaysScroll(page);
      await touchTargets(page);
    }
    await page.goto(`${product.origin}/channels`);
    await page.locator('[data-c="channel"]').waitFor();
    expect((await page.locator('[data-c="connect"]').count()) === 0, "a shop can be connected to the demo");
    await page.getByRole("button", { name: "Run the doctor" }).click();
    await page.getByText(/^(Everything is right|What could be checked is right)/).waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: "Remove the demo data" }).click();
    await page.locator('[data-c="demo"][data-demo="offered"]').waitFor();
    const { active_orders: left } = await (await page.request.get(`${product.origin}/api/v1/kpis`)).json();
    expect(left === 0, `${left} orders of the demo are left`);
  } finally {
    await context.close();
    await product.stop();
  }
}

/** Two owners save at once: the second one sees both versions and chooses. */
async function bothVersions(context, page, origin) {
  await page.goto(`${origin}/settings`);
  const form = page.locator('[data-c="workspace-form"]');
  const name = form.getByLabel("Name of the business");
  await page.locator('[data-link="live"]').waitFor();
  await until("the form is filled", 15, async () => (await name.inputValue()) === "Ana's bags");
  const other = await context.newPage();
  await other.goto(`${origin}/settings`);
  const theirs = other.locator('[data-c="workspace-form"]');
  await until("the other form is filled", 15, async () => (await theirs.getByLabel("Name of the business").inputValue()) === "Ana's bags");
  await theirs.getByLabel("Name of the business").fill("Ana & Ben");
  await theirs.getByRole("button", { name: "Save" }).click();
  await theirs.getByText("Saved.").waitFor();
  await name.fill("Bags of Ana");
  await form.getByRole("button", { name: "Save" }).click();
  const both = form.locator('[data-c="both-versions"]');
  await both.getByText(/Ana & Ben.*Bags of Ana/).waitFor();
  await accessible(page);
  await both.getByRole("button", { name: "Keep mine" }).click();
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("Saved.").waitFor();
  await until("the other screen follows", 15, async () => (await other.locator('[data-c="workspace"]').textContent()) === "Bags of Ana");
  await other.close();
  await name.fill("Ana's bags");
  await form.getByRole("button", { name: "Save" }).click();
  await until("the name is back", 15, async () => (await page.locator('[data-c="workspace"]').textContent()) === "Ana's bags");
}

/** A shop that stops answering is told on whatever screen is open, with its cause, once the hub asks it next: it does so once a minute. */
async function failureIsTold(page) {
  await page.locator('[data-c="toast"]').filter({ hasText: "Simulated shop:" }).waitFor({ timeout: 180_000 });
}

export async function newBusiness(run, browser) {
  const product = await startEmpty();
  const context = await browser.newContext({ timezoneId: "America/New_York", locale: "en-GB", serviceWorkers: "block" });
  try {
    const choose = async (page, address) => {
      await page.goto(address);
      await page.getByLabel("Password", { exact: true }).fill(password);
      await page.getByLabel("Password again").fill(password);
      await page.getByRole("button", { name: "Set password and open the board" }).click();
    };
    const page = await context.newPage();
    await choose(page, await product.invite());
    await page.waitForURL((url) => url.pathname === "/settings");
    const zone = page.getByLabel("Time zone");
    await zone.waitFor();
    expect((await zone.inputValue()) === "America/New_York", `the browser's zone is not proposed: ${await zone.inputValue()}`);
    const save = page.getByRole("button", { name: "Save and open the board" });

    await page.getByLabel("Name of the business").fill("Ana's bags");
    await page.getByLabel("Currency").fill("pounds");
    await save.click();
    const said = page.locator('[data-c="workspace-form"]').getByRole("status");
    await until("the refusal names the field and the rule", 15, async () => /currency must be an ISO 4217 code/.test(await said.textContent()));

    await page.getByLabel("Currency").fill("gbp");
    await save.click();
    await page.waitForURL((url) => url.pathname === "/");
    await until("the board shows the name", 15, async () => (await page.locator('[data-c="workspace"]').textContent()) === "Ana's bags");
    await page.getByText("All times in America/New_York").first().waitFor();
    await until("the board counts in pounds", 15, async () => (await page.locator('[data-c="kpi-revenue"]').textContent()).includes("£"));

    const state = await context.storageState();
    await twoAtATime(widths, (form) => nothingYet(run, browser, form, state, product.origin));
    await run.check("of two owners who save at once the second sees both versions", () => bothVersions(context, page, product.origin));
    await connectShop(run, page, product.origin);

    await run.check("a shop that stops answering is told with its cause", () => failureIsTold(page));
    await page.goto(`${product.origin}/`);
    await page.getByRole("link", { name: /^All times in/ }).click();
    await page.getByLabel("Name of the business").waitFor();
    expect((await page.getByLabel("Name of the business").inputValue()) === "Ana's bags", "the settings are not shown for a change");
    await choose(page, await product.invite());
    await page.waitForURL((url) => url.pathname === "/"); // asked once
  } finally {
    await context.close();
    await product.stop();
  }
}
