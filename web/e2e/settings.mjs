// The settings: users, keys, devices and the theme, as an owner and as somebody who may not.
import { open, password } from "./browser.mjs";
import { expect, until } from "./check.mjs";
import * as looks from "./looks.mjs";

const row = (page, name) => page.locator(`[data-user="${name}"]`);

/** Reads what is shown once, and puts it away. */
async function once(page, name) {
  const box = page.locator(`[data-c="${name}"]`);
  const value = await box.getByRole("textbox").inputValue();
  await box.getByRole("button", { name: "I have it" }).click();
  await box.waitFor({ state: "detached" });
  return value;
}

export async function users(browser, page, origin) {
  await page.goto(`${origin}/settings`);
  const invite = page.getByRole("form", { name: "Invite somebody" });
  await invite.getByRole("button", { name: "Make a link" }).click();
  await invite.getByText("Enter a name.").waitFor();
  await invite.getByLabel("Name").fill("vera");
  await invite.getByLabel("Role").selectOption("viewer");
  await invite.getByRole("button", { name: "Make a link" }).click();
  await row(page, "vera").getByText("Invited, has not come yet").waitFor();
  const stale = await once(page, "link-once");
  await row(page, "vera").getByRole("button", { name: "New link for vera" }).click();
  const link = await once(page, "link-once");
  expect(link.startsWith(`${origin}/setup?token=`) && link !== stale, `the link is ${link}`);

  // a phone, where she finds what is hers and who can do the rest
  const phone = await open(browser, { width: 390, height: 844, theme: "dark" });
  try {
    const hers = await phone.newPage();
    await hers.goto(link);
    expect((await hers.getByLabel("Name").inputValue()) === "vera", "the link does not say whose it is");
    await hers.getByLabel("Password", { exact: true }).fill(password);
    await hers.getByLabel("Password again").fill(password);
    await hers.getByRole("button", { name: "Set password and open the board" }).click();
    await hers.waitForURL((url) => url.pathname === "/");
    await hers.locator('[data-c="more"]').click();
    await hers.getByRole("link", { name: "Settings" }).click();
    await hers.locator('[data-c="users"]').getByText("Only an owner can see and change this.").waitFor();
    await hers.locator('[data-c="workspace-form"]').getByText("Only an owner can change this.").waitFor();
    await hers.locator('[data-c="devices"]').getByText("this device").waitFor();
    await looks.settle(hers);
    await looks.accessible(hers);
    await looks.noSidewaysScroll(hers);
    await looks.touchTargets(hers);

    await page.reload();
    await row(page, "vera").getByText(/^Signed in on 1 device, last seen/).waitFor();
    await row(page, "vera").getByLabel("Role of vera").selectOption("operator");
    await row(page, "vera").getByText("vera is signed out everywhere at once and comes back as Operator.").waitFor();
    await looks.accessible(page);
    await row(page, "vera").getByRole("button", { name: "Change the role" }).click();
    await page.getByText("vera is Operator now.").waitFor();
    await hers.waitForURL((url) => url.pathname === "/sign-in"); // her open screen was cut off
  } finally {
    await phone.close();
  }

  await row(page, "vera").getByRole("button", { name: "Remove vera" }).click();
  await row(page, "vera").getByText(/What vera did stays in the log/).waitFor();
  await page.keyboard.press("Enter"); // the focus is on the way back
  await row(page, "vera").getByText(/What vera did/).waitFor({ state: "detached" });
  await row(page, "vera").getByRole("button", { name: "Remove vera" }).click();
  await row(page, "vera").getByRole("group").getByRole("button", { name: "Remove vera" }).click();
  await row(page, "vera").waitFor({ state: "detached" });
  await page.getByText("vera was removed.").waitFor();
}

/** Needs a page without complaints about a 409: the last owner is refused. */
export async function lastOwner(page, origin) {
  await page.goto(`${origin}/settings`);
  await row(page, "owner").getByRole("button", { name: "Remove owner" }).click();
  await row(page, "owner").getByRole("group").getByRole("button", { name: "Remove owner" }).click();
  await page.getByText("This is the last owner who can sign in: make another one first.").waitFor();
  await row(page, "owner").waitFor();
}

export async function keys(page, origin) {
  await page.goto(`${origin}/settings`);
  const form = page.getByRole("form", { name: "Make an API key" });
  await form.getByLabel("What it is for").fill("shelf scanner");
  await form.getByLabel("Role").selectOption("operator");
  await form.getByText("Read", { exact: true }).click();
  await form.getByRole("button", { name: "Make the key" }).click();
  await page.locator('[data-c="key-once"]').waitFor();
  await looks.accessible(page);
  const key = await once(page, "key-once");
  const made = page.locator(`[data-key="${key.slice(0, 11)}"]`);
  await made.getByText(/^Operator, only read · never used · ends /).waitFor();
  const ask = async () => (await fetch(`${origin}/api/v1/stock?limit=1`, { headers: { Authorization: `Bearer ${key}` } })).status;
  expect((await ask()) === 200, "the new key does not work");
  await page.reload();
  await made.getByText(/last used/).waitFor();
  await made.getByRole("button", { name: "Revoke shelf scanner" }).click();
  await made.getByRole("group").getByRole("button", { name: "Revoke shelf scanner" }).click();
  await made.waitFor({ state: "detached" });
  expect((await ask()) === 401, "the revoked key still works");
}

export async function appearance(page, origin) {
  await page.goto(`${origin}/workspace`);
  await page.waitForURL((url) => url.pathname === "/settings");
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const choose = (word) => page.locator('[data-c="appearance"]').getByText(word, { exact: true }).click();
  await choose("Light");
  await until("it is light", 5, async () => (await theme()) === "light");
  expect((await page.locator('[data-c="theme"]').getAttribute("aria-label")).startsWith("Appearance: Light."), "the header's switch did not follow");
  await choose("Dark");
  await until("it is dark", 5, async () => (await theme()) === "dark");
}

/** The owner calls the orders' page something else, and it is called so at once. */
export async function title(page, origin) {
  const form = page.locator('[data-c="workspace-form"]');
  for (const [given, called] of [["Order Empire", "Order Empire"], ["", "Orders"]]) {
    await page.goto(`${origin}/settings`);
    await form.getByLabel("Title of the orders").fill(given);
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("Saved").waitFor();
    await page.goto(`${origin}/orders`);
    await page.getByRole("heading", { name: called, level: 1, exact: true }).waitFor();
  }
}
