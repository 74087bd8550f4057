// A bundle is made of two SKUs, shows what they suffice for, changes and is dissolved.
import { expect, until } from "./check.mjs";
import { accessible, noSidewaysScroll } from "./looks.mjs";
import { command } from "./review.mjs";

export async function makeAndDissolve(page, origin) {
  const now = Date.now();
  const [hat, mug, set] = [`HAT-${now}`, `MUG-${now}`, `SET-${now}`];
  const stock = async (sku) => (await page.request.get(`${origin}/api/v1/stock/${sku}`)).json();

  await page.goto(`${origin}/inventory`);
  for (const sku of [hat, mug]) await command(page, "receive-stock", { sku, quantity: 5, reason: "for the bundle" });
  await page.getByRole("link", { name: "New bundle" }).click();
  await page.getByRole("button", { name: "Make the bundle" }).click();
  await page.getByText("Enter the SKU under which it is sold.").waitFor();
  await page.getByLabel("SKU of the bundle").fill(set);
  await page.getByLabel("Component (SKU)").fill(hat);
  await page.getByRole("button", { name: "Another component" }).click();
  await page.getByLabel("Component (SKU)").nth(1).fill("no-such-sku");
  await page.getByLabel("Units").nth(1).fill("2");
  await page.getByRole("button", { name: "Make the bundle" }).click();
  await page.getByText('There is no SKU "no-such-sku"').waitFor();
  await accessible(page);
  await noSidewaysScroll(page);
  await page.getByLabel("Component (SKU)").nth(1).fill(mug);
  await page.getByRole("button", { name: "Make the bundle" }).click();
  await page.getByText("Orders take these components from now on.").waitFor();
  await until("the bundle suffices for two", 10, async () => (await stock(set)).available === 2);

  await page.goto(`${origin}/inventory/${set}`);
  await page.locator('[data-c="component"]').filter({ hasText: `2 \u00d7 ${mug}` }).waitFor();
  expect((await page.locator('[data-c="receive"]').count()) === 0, "stock of a bundle can be received");
  await accessible(page);
  await noSidewaysScroll(page);
  await page.getByRole("link", { name: `2 \u00d7 ${mug}` }).click();
  await page.locator('[data-c="in-bundle"]').filter({ hasText: set }).waitFor();
  await accessible(page);

  await page.goto(`${origin}/inventory/${set}`);
  await page.getByLabel("Units").nth(1).fill("5");
  await page.getByRole("button", { name: "Change it" }).click();
  await page.locator('[data-c="component"]').filter({ hasText: `5 \u00d7 ${mug}` }).waitFor();
  await page.getByRole("button", { name: "Dissolve the bundle" }).click();
  await page.locator('[data-c="receive"]').waitFor();
  await until("it is dissolved", 10, async () => (await stock(set)).components.length === 0);
}
