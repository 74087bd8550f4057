// A second location is made, units go there and come back, orders say where they ship from, and the location is closed.
import { expect, until } from "./check.mjs";
import { accessible, noSidewaysScroll, settle, touchTargets } from "./looks.mjs";
import { command } from "./review.mjs";

export async function severalLocations(page, origin) {
  const sku = `SHELF-${Date.now()}`;
  const stock = async () => (await page.request.get(`${origin}/api/v1/stock/${sku}`)).json();
  await page.goto(`${origin}/settings`);
  const card = page.locator('[data-c="locations"]');
  await card.getByText("All your units are in one place.").waitFor();
  const add = card.getByRole("form", { name: "Add a location" });
  await add.getByRole("button", { name: "Add it" }).click();
  await add.getByText("Enter a name.").waitFor();
  await add.getByLabel("Name").fill("Market stall");
  await add.getByLabel("Orders ship from it").uncheck();
  await add.getByRole("button", { name: "Add it" }).click();
  const stall = card.locator('[data-location="market-stall"]');
  await stall.getByText("Orders do not ship from it").waitFor();
  await card.locator('[data-location="main"]').getByLabel("Orders ship from Main location").click();
  await card.getByText("Orders ship from no other location").waitFor();
  await card.getByRole("button", { name: "Ask Market stall earlier" }).click();
  await until("the stall is asked first", 10, async () => (await card.locator('[data-c="location"]').first().getAttribute("data-location")) === "market-stall");
  await accessible(page);
  await noSidewaysScroll(page);

  await command(page, "receive-stock", { sku, quantity: 5 });
  await until("the SKU is there", 10, async () => (await stock()).on_hand === 5);
  await page.goto(`${origin}/inventory/${sku}`);
  const where = page.locator('[data-c="where"]');
  await where.getByLabel("From").selectOption({ label: "Main location" });
  await where.getByLabel("To").selectOption({ label: "Market stall" });
  await where.getByLabel("Units", { exact: true }).fill("7");
  await where.getByRole("button", { name: "Move them" }).click();
  await where.getByText(`Only 5 of ${sku} lie at Main location.`).waitFor();
  await where.getByLabel("Units", { exact: true }).fill("2");
  await where.getByRole("button", { name: "Move them" }).click();
  await where.getByText("2 moved.").waitFor();
  await until("two are aside", 10, async () => (await stock()).aside === 2 && (await stock()).available === 3);
  await page.locator('[data-c="explain"]').getByText("2 where orders are not shipped from").waitFor();
  await where.locator('[data-location="market-stall"]').getByText("Not for sale").waitFor();
  await page.locator('[data-c="at-location"]').getByLabel("Location").selectOption({ label: "Market stall" });
  const receive = page.locator('[data-c="receive"]');
  await receive.getByLabel("Units").fill("1");
  await receive.getByRole("button").click();
  await until("one more lies at the stall", 10, async () => (await stock()).where.find(({ id }) => id === "market-stall").on_hand === 3);
  await settle(page);
  await accessible(page);
  await noSidewaysScroll(page);
  const seen = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  await noSidewaysScroll(page);
  await touchTargets(page);
  await page.setViewportSize(seen);

  await page.goto(`${origin}/settings`);
  await card.getByRole("button", { name: "Close Market stall" }).first().click();
  await card.getByRole("group", { name: "Close Market stall" }).getByRole("button").click();
  await stall.waitFor({ state: "detached" });
  await until("what lay there is for sale", 10, async () => (await stock()).available === 6 && (await stock()).aside === 0);
  expect((await stock()).where.length === 1, "a closed location without units is still shown");
}
