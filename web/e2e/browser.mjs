// One Chromium for all checks, and pages in the four forms: dark and light, desktop and phone.
import { chromium } from "playwright-core";

export const forms = [
  { name: "1440-dark", width: 1440, height: 900, theme: "dark" },
  { name: "1440-light", width: 1440, height: 900, theme: "light" },
  { name: "390-dark", width: 390, height: 844, theme: "dark" },
  { name: "390-light", width: 390, height: 844, theme: "light" },
];

/** The forms in which every screen and every state of it is looked at, each then in the other theme as well. */
export const widths = [forms[0], forms[3]];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A browser profile in one form, signed in when it is given the state of one that is. */
export async function open(browser, form, storageState) {
  const phone = form.width < 768;
  const context = await browser.newContext({
    viewport: { width: form.width, height: form.height },
    deviceScaleFactor: phone ? 2 : 1,
    hasTouch: phone,
    isMobile: phone,
    serviceWorkers: "block",
    locale: "en-GB",
    ...(storageState && { storageState }),
  });
  if (form.theme) await context.addInitScript((theme) => localStorage.setItem("theme", theme), form.theme);
  return context;
}

export const password = "a long enough password";

/** Uses the one-time link: sets the password and arrives on the board, or where a first session begins; one of these paths. */
export async function setUp(page, link, ...arrives) {
  await page.goto(link);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Password again").fill(password);
  await page.getByRole("button", { name: "Set password and open the board" }).click();
  await page.waitForURL((url) => (arrives.length > 0 ? arrives : ["/"]).includes(url.pathname));
}
