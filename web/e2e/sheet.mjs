// Stock as a spreadsheet: it goes out, is filled in, is looked at and is booked; faults name their line.
import { readFileSync } from "node:fs";
import { expect, until } from "./check.mjs";
import { accessible, noSidewaysScroll } from "./looks.mjs";

const file = (text, name = "stock.csv") => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

export async function outAndBack(page, origin) {
  await page.goto(`${origin}/inventory`);
  await page.getByRole("link", { name: "Spreadsheet" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download stock.csv" }).click()]);
  expect(download.suggestedFilename() === "stock.csv", download.suggestedFilename());
  const lines = readFileSync(await download.path(), "utf8").split("\r\n");
  const columns = lines[0].split(",");
  for (const name of ["sku", "on_hand", "corrections", "counted", "received", "reason"]) expect(columns.includes(name), `no column ${name}: ${lines[0]}`);

  const choose = page.getByLabel("File", { exact: true });
  await choose.setInputFiles(file("sku,counted\nno-such-sku,4\nother,four"));
  await page.locator('[data-c="sheet-fault"]').filter({ hasText: "Line 3: counted must be a whole number" }).waitFor();
  await page.locator('[data-c="sheet-fault"]').filter({ hasText: "Line 2: There is no such SKU" }).waitFor();
  expect((await page.getByRole("button", { name: "Book it" }).count()) === 0, "a sheet with faults can be booked");
  await accessible(page);
  await noSidewaysScroll(page);

  const sku = `SHEET-${Date.now()}`;
  await choose.setInputFiles(file(`\ufeffSKU;received;reason\r\n${sku};12;pallet 4\r\n`));
  await page.locator('[data-c="sheet-change"]').filter({ hasText: sku }).waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Book it" }).click();
  await page.getByText("Booked: 1 line changed the stock.").waitFor();
  const onHand = async () => (await (await page.request.get(`${origin}/api/v1/stock/${sku}`)).json()).on_hand;
  await until("the SKU is there", 10, async () => (await onHand()) === 12);
  await choose.setInputFiles(file(`sku,on_hand,counted\n${sku},12,9`, "count.csv"));
  await page.locator('[data-c="sheet-change"]').filter({ hasText: "-3" }).or(page.locator('[data-c="sheet-change"]').filter({ hasText: "\u22123" })).waitFor();
  await page.getByRole("button", { name: "Book it" }).click();
  await page.getByText("Booked: 1 line changed the stock.").waitFor();
  await until("the count is booked", 10, async () => (await onHand()) === 9);
}
