// A new server asks its owner what the business is called, where its day begins and what it counts in.
import { password } from "./browser.mjs";
import { expect, twoAtATime, until } from "./check.mjs";
import { accessible } from "./looks.mjs";
import { start, startEmpty } from "./product.mjs";
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

/** From nothing to the first order, by the screen alone: credentials, consent at the channel, back, connected, doctor green. */
async function connectShop(page, origin) {
  const sim = await start(["sim", "tiktok", "--listen", "127.0.0.1:0", "--orders", "demo", "--speed", "600", "--redirect-url", `${origin}/channels`], { needLink: false });
  try {
    const told = /app key (\S+), app secret (\S+), service id (\S+) and/.exec(await until("the simulator says its credentials", 20, async () => /connect tiktok[^]*auth-code/.test(sim.output()) && sim.output()));
    await page.goto(`${origin}/channels`);
    await page.getByText("No channel is connected.").waitFor();
    const next = page.getByRole("button", { name: "Next: enter the code" });
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
    await page.goto(`${origin}/`);
  } finally {
    await sim.stop();
  }
}

export async function newBusiness(run, browser, some) {
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
    await twoAtATime(some, (form) => nothingYet(run, browser, form, state, product.origin));
    await connectShop(page, product.origin);

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
