// The screens around the orders: channels, flows, events, the four icons and the keyboard.
import { expect, until } from "./check.mjs";
import { accessible, everyForm } from "./looks.mjs";

const icon = (page, name) => page.locator(`[data-c="status-${name}"]`);

/** What the four icons say is what the API says, and each opens its reasons with a way there. */
export async function icons(page, origin) {
  await page.goto(`${origin}/`);
  await icon(page, "issues").waitFor();
  expect((await icon(page, "targets").getAttribute("aria-label")) === "Targets: not measured", "targets claim to be measured");
  await until("the hot issues are what the API counts", 30, async () => {
    const figures = await (await page.request.get(`${origin}/api/v1/kpis`)).json();
    const stock = await (await page.request.get(`${origin}/api/v1/stock?critical=true&limit=5`)).json();
    const burning = stock.items.some(({ severity }) => severity === "critical");
    const want = burning ? "critical" : stock.total + figures.dead_letters > 0 ? "warning" : "nominal";
    return (await icon(page, "issues").getAttribute("aria-label")) === `Hot issues: ${want}`;
  });
  await icon(page, "issues").click();
  const panel = page.getByRole("group", { name: /^Hot issues/ });
  await panel.waitFor();
  await accessible(page);
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  expect(await icon(page, "issues").evaluate((button) => button === document.activeElement), "Escape loses the focus");
  await icon(page, "issues").click();
  await panel.getByRole("link", { name: "Open critical stock" }).click();
  await page.waitForURL((url) => url.pathname === "/inventory" && url.searchParams.get("critical") === "true");
  await panel.waitFor({ state: "detached" });
}

/** "?" shows the map, Ctrl K the palette, "g" and a letter open a screen, and no letter does anything while somebody types. */
export async function keys(page, origin) {
  await page.goto(`${origin}/`);
  await page.locator('[data-c="kpi-orders"]').waitFor();
  await page.keyboard.press("?");
  const map = page.locator('[data-c="keys"]');
  await map.waitFor();
  await accessible(page);
  await page.keyboard.press("Escape");
  await map.waitFor({ state: "hidden" });
  await page.keyboard.press("Control+k");
  await until("Ctrl K opens the palette", 5, () => page.evaluate(() => document.activeElement?.matches('[data-c="finder"]')));
  await page.keyboard.type("inv");
  await page.getByRole("option", { name: /^Inventory/ }).waitFor();
  await accessible(page);
  await page.keyboard.press("Escape");
  await until("Escape leaves it", 5, () => page.evaluate(() => !document.activeElement?.matches('[data-c="finder"]')));
  await page.keyboard.press("g");
  await page.keyboard.press("f");
  await page.getByRole("heading", { name: "Flows", level: 1 }).waitFor();
  await page.locator('[data-c="finder"]').fill("");
  await page.locator('[data-c="finder"]').pressSequentially("g?o");
  expect(!(await map.isVisible()) && new URL(page.url()).pathname === "/flows", "keys act while somebody types");
  await page.locator('[data-c="finder"]').fill("chann");
  await page.getByRole("option", { name: /^Channels/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
}

/** The newest events first and moving, older ones on request, one stream alone, one event by its position. */
export async function events(page, origin) {
  await page.goto(`${origin}/events`);
  const rows = page.locator('[data-c="event-row"]');
  const positions = () => rows.evaluateAll((all) => all.map((row) => Number(row.dataset.position)));
  await rows.first().waitFor();
  const first = await positions();
  expect(first.length === 50 && first.every((position, i) => i === 0 || position === first[i - 1] - 1), `not the newest fifty in order: ${first.slice(0, 5)}`);
  await until("newer events come by themselves", 60, async () => (await positions())[0] > first[0]);
  await page.locator('[data-c="older"]').click();
  await page.waitForURL((url) => url.searchParams.has("before"));
  const before = Number(new URL(page.url()).searchParams.get("before"));
  await until("the page before", 20, async () => {
    const shown = await positions();
    return shown[0] === before - 1 && shown.length === 50;
  });
  const stream = rows.first().locator("td").nth(2).getByRole("link");
  const name = await stream.textContent();
  await stream.click();
  await page.waitForURL((url) => url.searchParams.get("stream") === name);
  await until("only that stream", 20, async () => {
    const streams = await rows.evaluateAll((all) => all.map((row) => row.children[2].textContent));
    return streams.length > 0 && streams.every((one) => one === name);
  });
  await page.getByLabel("Go to a position").fill("x");
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "whole number" }).waitFor();
  await page.getByLabel("Go to a position").fill("3");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Event 3" }).waitFor();
}

/** An event says what it changed, and its neighbour in the stream found what it left. */
export async function changes(page, origin) {
  const { items: skus } = await (await page.request.get(`${origin}/api/v1/stock?limit=1`)).json();
  const { items } = await (await page.request.get(`${origin}/api/v1/events?limit=2&stream=${encodeURIComponent(`main/stock/${skus[0].sku}`)}`)).json();
  const cells = async () => page.locator('[data-c="change"][data-field="available"] td').allTextContents();
  await page.goto(`${origin}/events/${items[0].position}`);
  await page.locator('[data-c="changed"] [data-c="change"]').first().waitFor();
  const [, none, received] = await cells();
  expect(none === "–" && Number(received) === items[0].data.quantity, `the first event left ${none} and ${received}`);
  await page.locator('[data-c="event-after"]').click();
  await page.waitForURL((url) => url.pathname === `/events/${items[1].position}`);
  await until("the state after it", 20, async () => (await cells())[1] === received);
  await everyForm(page);
  await page.locator('[data-c="event-before"]').click();
  await page.waitForURL((url) => url.pathname === `/events/${items[0].position}`);
}

/** Flows of a state are those of the API, and lead to their orders. */
export async function flows(page, origin) {
  await page.goto(`${origin}/flows`);
  await page.locator('[data-c="flow-list"]').waitFor();
  await page.getByRole("link", { name: "Finished", exact: true }).click();
  const row = page.locator('[data-c="flow-row"]').first();
  await row.waitFor();
  const { items } = await (await page.request.get(`${origin}/api/v1/flows?state=finished&limit=1`)).json();
  expect((await row.getAttribute("data-flow")) === items[0].id, "another flow than the API's first");
  await row.getByRole("link").click();
  await page.waitForURL((url) => decodeURIComponent(url.pathname) === `/orders/${items[0].subject}`);
}

/** Focus header, sync status, critical stock, table and ledger; the ledger is of the SKU that is chosen. */
export async function inventory(page, origin) {
  await page.goto(`${origin}/inventory`);
  for (const name of ["i1", "i2", "i3", "i4", "i5"]) await page.locator(`[data-c="${name}"]`).waitFor();
  await page.locator('[data-c="i2"] [data-c="sync-state"]').waitFor();
  await page.locator('[data-c="i3"] [data-c="critical-row"]').first().waitFor({ timeout: 120_000 });
  const ledger = page.locator('[data-c="i5"]');
  await ledger.locator('[data-c="ledger-row"]').first().waitFor();
  const choice = ledger.getByLabel("Movements of");
  const skus = await choice.locator("option").evaluateAll((all) => all.map(({ value }) => value));
  await choice.selectOption(skus[1]);
  const { items } = await (await page.request.get(`${origin}/api/v1/stock/${encodeURIComponent(skus[1])}/ledger?limit=8`)).json();
  await ledger.locator(`[data-c="ledger-row"] a[href="/events/${items.at(-1).event_position}"]`).waitFor({ timeout: 15_000 });
  await everyForm(page);
}

/** Each row of critical stock has its trend and its clock drawn, beside its figures. */
export async function criticalIcons(page, origin) {
  await page.goto(`${origin}/`);
  await page.locator('[data-c="critical-row"]').first().waitFor();
  const bare = await page.locator('[data-c="critical-row"]').evaluateAll((rows) =>
    rows.flatMap((row) =>
      ["stockout", "velocity"].filter((name) => {
        const part = row.querySelector(`[data-c="${name}"]`);
        const icon = part?.querySelector("svg");
        return !icon || icon.getBoundingClientRect().width < 8 || part.textContent.trim() === "";
      }),
    ),
  );
  expect(bare.length === 0, `without icon or figure: ${bare}`);
}

/** The named panels of the orders: header, table, the timeline of one, and the queue of those that are flagged. */
export async function orderPanels(page, origin) {
  await page.goto(`${origin}/orders`);
  await page.locator('[data-c="o1"]').waitFor();
  await page.locator('[data-c="o3"] [data-c="order-row"] a').first().click();
  await page.locator('[data-c="o4"] [data-c="step"]').first().waitFor();
  await page.goto(`${origin}/orders?status=risk`);
  await page.locator('[data-c="o5"] [data-c="order-list"]').waitFor();
  await page.goto(origin);
}

/** The orders' header: how many are active, of which business, and how they fare, as the API says it. */
export async function mood(page, origin) {
  await page.goto(`${origin}/orders`);
  const head = page.locator('[data-c="o1"]');
  await until("how the orders fare stands in their header", 30, async () => {
    const { automation, demand, workspace } = await (await page.request.get(`${origin}/api/v1/kpis`)).json();
    const { no_stock, unknown_sku, decision, risk, payment, location, authorisation, away } = automation.waiting;
    const calm = no_stock + unknown_sku + decision + risk + payment + location > 0 ? "backlog" : "normal";
    const want = authorisation + away + automation.stuck > 0 ? "degraded" : demand.viral ? "viral" : calm;
    const text = await head.textContent();
    return text.includes(workspace.name) && (await head.locator('[data-c="mood"]').getAttribute("data-mood")) === want;
  });
}

/** A search is saved under a name, found again, and removed. */
export async function savedViews(page, origin) {
  await page.goto(`${origin}/orders?status=finished`);
  const views = page.locator('[data-c="views"]');
  await page.locator('[data-c="save-view"]').click();
  await page.getByLabel("Name of the view").fill("Done ones");
  await page.keyboard.press("Enter");
  await views.getByRole("link", { name: "Done ones" }).waitFor();
  await accessible(page);
  await page.goto(`${origin}/orders`);
  await views.getByRole("link", { name: "Done ones" }).click();
  await page.waitForURL((url) => url.searchParams.get("status") === "finished");
  await views.getByRole("button", { name: /^Remove the view Done ones/ }).click();
  await views.getByRole("link", { name: "Done ones" }).waitFor({ state: "detached" });
}

/** Several orders are tried again together; a refusal says why, and how many it met. */
export async function bulk(page, origin) {
  await page.goto(`${origin}/orders?status=finished`);
  const rows = page.locator('[data-c="order-row"]');
  await rows.nth(1).waitFor();
  const bar = page.locator('[data-c="bulk"]');
  expect((await bar.count()) === 0, "the bar is there though nothing is chosen");
  await rows.nth(0).getByRole("checkbox").check();
  await rows.nth(1).getByRole("checkbox").check();
  await bar.getByText("2 orders chosen").waitFor();
  await accessible(page);
  await page.locator('[data-c="bulk-retry"]').click();
  await bar.getByText(/2 refused: .+/).waitFor();
  await bar.getByRole("button", { name: "Clear" }).click();
  await bar.waitFor({ state: "detached" });
  expect(!(await rows.nth(0).getByRole("checkbox").isChecked()), "an order is chosen after all");
}

/** Reads the orders of a day long gone, of which there are none, and shows what came of it. */
async function olderOrders(page, card, id, origin) {
  await card.getByRole("button", { name: "Read older orders" }).click();
  const day = new Date(Date.now() - 400 * 86_400_000).toISOString().slice(0, 10);
  await card.getByLabel("First day").fill(day);
  await card.getByLabel("Last day").fill(day);
  await card.getByRole("button", { name: "Read them" }).click();
  await card.getByText(/^0 orders placed from .* read\.$/).waitFor({ timeout: 30_000 });
  const { history } = await (await page.request.get(`${origin}/api/v1/connections/${id}`)).json();
  expect(!history.running && history.read === 0 && history.from === day && history.to === day, `the API says ${JSON.stringify(history)}`);
}

/** A shop with its figures, ticking. */
export async function channels(page, origin) {
  await page.goto(`${origin}/channels`);
  const { items } = await (await page.request.get(`${origin}/api/v1/connections`)).json();
  await page.locator('[data-c="channel"]').filter({ hasText: items[0].name }).waitFor();
  const shown = page.locator('[data-c="channel-sync"]').first();
  const before = await shown.textContent();
  await until("the last sync ticks", 20, async () => (await shown.textContent()) !== before);
  const card = page.locator('[data-c="channel"]').filter({ hasText: items[0].name });
  for (const fact of ["Calls that worked", "Quota left", "Lag", "Waiting to be taken in", "Last webhook"]) await card.getByText(fact, { exact: true }).waitFor();
  expect((await card.locator('[data-c="headroom"] [data-mood]').count()) === 2, "the limits of the channel are not shown");
  await olderOrders(page, card, items[0].id, origin);
  await page.getByRole("button", { name: "Run the doctor" }).click();
  await page.getByText(/^(Everything is right|What could be checked is right)/).waitFor({ timeout: 30_000 });
  const checks = await page.locator("[data-check]").evaluateAll((all) => all.map((check) => check.dataset.check));
  expect(checks.join() === "credentials,token,scopes,clock,shop,webhooks,test event,locations", `other checks than the API's: ${checks}`);
  await accessible(page);
}

/** What has no room on a phone is behind More. */
export async function more(page, origin) {
  await page.goto(`${origin}/`);
  await page.locator('[data-c="more"]').click();
  await accessible(page);
  await page.getByRole("link", { name: "Dead letters" }).click();
  await page.getByRole("heading", { name: "Dead letters", level: 1 }).waitFor();
}

/** A list of hundreds goes on by itself as it is scrolled, and only what is near the window is drawn. */
export async function longList(page, origin) {
  await page.goto(`${origin}/orders`);
  const table = page.locator('[data-c="order-list"] table');
  await table.waitFor();
  const last = async () => Number(await table.locator('[data-c="order-row"]').last().getAttribute("aria-rowindex"));
  await until("the third page is reached by scrolling alone", 30, async () => {
    await page.mouse.wheel(0, 1_500);
    await page.waitForTimeout(60);
    return (await last()) > 110;
  });
  const drawn = await table.locator('[data-c="order-row"]').count();
  const known = Number(await table.getAttribute("aria-rowcount"));
  expect(known > 110 && drawn < 80, `of ${known} rows ${drawn} are drawn`);
}
