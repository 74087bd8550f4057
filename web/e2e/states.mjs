// The states of a screen besides the live one: loading, failed, paused, without the server, and of a business that has nothing yet.
import { expect, until } from "./check.mjs";
import * as looks from "./looks.mjs";
import { open } from "./browser.mjs";

/** The routes that have these states, with an order and a SKU of theirs. */
export const routes = (order, sku) => [
  "/",
  "/orders",
  `/orders/${encodeURIComponent(order)}`,
  "/inventory",
  `/inventory/${encodeURIComponent(sku)}`,
  "/channels",
  "/channels/none",
  "/flows?state=all",
  "/events",
  "/deadletters",
  "/settings",
];

/** A page whose reads nobody answers, or that are answered with an error; who is signed in it knows. */
export async function cut(context, answer) {
  await context.routeWebSocket(/\/live/, (socket) => void socket.close());
  await context.route(
    (url) => url.pathname.startsWith("/api/v1/") && url.pathname !== "/api/v1/session",
    (request) => (answer === "loading" ? undefined : request.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(away) })),
  );
}

const away = { type: "about:blank", title: "Service Unavailable", status: 503, detail: "The database is away. What is shown is the last that was read.", request_id: "r1" };

/** What each state shows when it is there. */
const shown = {
  loading: (page) => page.locator("main .appear, main .skeleton, main [aria-busy=true]").first().waitFor({ state: "attached" }),
  failed: (page) => page.getByText(away.detail).first().waitFor(),
};

async function look(page, form) {
  await looks.accessible(page);
  await looks.noSidewaysScroll(page);
  await looks.statesHaveIconAndWord(page);
  if (form.width < 768) await looks.touchTargets(page);
}

/** Each route while it loads, or when its reads fail. */
export async function cutOff(run, browser, form, state, origin, paths, kinds) {
  for (const kind of kinds) {
    const context = await open(browser, form, state);
    await cut(context, kind);
    const page = await context.newPage();
    for (const path of paths) {
      await run.check(`${form.name} ${path} ${kind}`, async () => {
        await page.goto(origin + path, { waitUntil: "domcontentloaded" });
        await shown[kind](page);
        await look(page, form);
      });
    }
    await context.close();
  }
}

/** The board held still by hand, and after the network is gone: it says how old it is. */
export async function heldStill(run, browser, form, state, origin) {
  const context = await open(browser, form, state);
  const page = await context.newPage();
  await run.check(`${form.name} / paused`, async () => {
    await page.goto(origin);
    await page.locator('[data-link="live"]').waitFor();
    await page.keyboard.press("p");
    await page.locator('[data-c="live"] [role="status"]').getByText("Paused").waitFor({ state: "attached" });
    await look(page, form);
    await page.keyboard.press("p");
  });
  await run.check(`${form.name} / without the server`, async () => {
    await page.locator('[data-link="live"]').waitFor();
    await context.setOffline(true);
    await until("the board says that it is not live", 60, async () => (await page.locator('[data-link="live"]').count()) === 0);
    expect((await page.locator('[data-c="kpi-orders"]').textContent()).length > 0, "the last figures are gone");
    await look(page, form);
  });
  await context.close();
}

/** Each list of a business that has no shop, no order and no SKU yet says what it is for and what comes first. */
export async function nothingYet(run, browser, form, state, origin) {
  const context = await open(browser, form, state);
  const page = await context.newPage();
  for (const path of ["/", "/orders", "/inventory", "/channels", "/flows", "/deadletters"]) {
    await run.check(`${form.name} ${path} empty`, async () => {
      await page.goto(origin + path);
      await page.locator('[data-link="live"]').waitFor();
      await page.locator("main").getByText(/\b(No|Nothing|no)\b/).first().waitFor();
      await look(page, form);
    });
  }
  await context.close();
}
