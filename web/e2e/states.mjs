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
  "/events/1",
  "/inbox/1",
  "/deadletters",
  "/signals",
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
export async function cutOff(run, browser, form, state, origin, paths) {
  for (const kind of Object.keys(shown)) {
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

/** Each route held still by hand, and after the network is gone: the board then says how old it is. */
export async function heldStill(run, browser, form, state, origin, paths) {
  const context = await open(browser, form, state);
  const page = await context.newPage();
  for (const path of paths) {
    await run.check(`${form.name} ${path} paused`, async () => {
      await page.goto(origin + path);
      await page.locator('[data-link="live"]').waitFor();
      await page.waitForLoadState("networkidle").catch(() => undefined);
      await page.keyboard.press("p");
      await page.locator('[data-c="live"] [role="status"]').getByText("Paused").waitFor({ state: "attached" });
      await look(page, form);
      await page.keyboard.press("p");
    });
    await run.check(`${form.name} ${path} without the server`, async () => {
      await page.locator('[data-link="live"]').waitFor();
      await context.setOffline(true);
      try {
        await until("the screen says that it is not live", 60, async () => (await page.locator('[data-link="live"]').count()) === 0);
        if (path === "/") expect((await page.locator('[data-c="kpi-orders"]').textContent()).length > 0, "the last figures are gone");
        await look(page, form);
      } finally {
        await context.setOffline(false);
      }
    });
  }
  await context.close();
}

/** A live socket that, once it is told to be silent, stays open and says nothing more than that it is there. */
export async function silenced(context) {
  const socket = { silent: false };
  await context.routeWebSocket(/\/live/, (page) => {
    const server = page.connectToServer();
    server.onMessage((message) => {
      // one frame may hold several lines; of these only the ping "{}" says no more than that somebody is there
      const lines = String(message).split("\n").filter((line) => line.trim() !== "" && (!socket.silent || line.trim() === "{}"));
      if (lines.length > 0) page.send(lines.join("\n"));
    });
  });
  return socket;
}

/** Falls silent until the board says that it is stale, after half a minute. */
export async function fallSilent(page, socket) {
  await page.locator('[data-link="live"]').waitFor();
  socket.silent = true;
  await until("the board says that it is stale", 180, async () => {
    const link = await page.locator('[data-c="live"]').getAttribute("data-link");
    if (link !== "live" && link !== "stale") {
      socket.silent = false; // on a busy machine the server may miss an answer and hang up: the board is cut off then, and this begins anew
      await page.locator('[data-c="live"][data-link="live"]').waitFor({ timeout: 60_000 });
      socket.silent = true;
    }
    return link === "stale";
  });
}

/** A board that hears nothing says that it is stale; its figures stay, and what they changed by turns grey. */
export async function stale(run, browser, form, state, origin) {
  const context = await open(browser, form, state);
  const socket = await silenced(context);
  const page = await context.newPage();
  await run.check(`${form.name} / stale`, async () => {
    await page.goto(origin);
    await page.locator('[data-link="live"]').waitFor();
    // a board of one day has no change yet, so that one is put there
    await page.evaluate(() => document.querySelector('[data-c="kpi-orders"]').insertAdjacentHTML("beforeend", '<b class="text-accent" data-direction="up">+1 %</b>'));
    const colours = (property) => page.evaluate((name) => {
      const probe = document.createElement("i");
      probe.style.color = `var(${name})`;
      document.body.append(probe);
      const want = getComputedStyle(probe).color;
      probe.remove();
      return [...document.querySelectorAll("[data-direction]")].map((change) => getComputedStyle(change).color === want);
    }, property);
    expect((await colours("--accent")).includes(true), "a good change is not in its colour while the board is live");
    await fallSilent(page, socket);
    await until("changes are grey", 5, async () => (await colours("--fg-3")).every(Boolean));
    expect(/\d/.test(await page.locator('[data-c="kpi-orders"]').textContent()), "the last figures are gone");
    await look(page, form);
  });
  await context.close();
}

/** Each list of a business that has no shop, no order and no SKU yet says what it is for and what comes first. */
export async function nothingYet(run, browser, form, state, origin) {
  const context = await open(browser, form, state);
  const page = await context.newPage();
  for (const path of ["/", "/orders", "/inventory", "/channels", "/signals", "/flows", "/deadletters"]) {
    await run.check(`${form.name} ${path} empty`, async () => {
      await page.goto(origin + path);
      await page.locator('[data-link="live"]').waitFor();
      await page.locator("main").getByText(/\b(No|Nothing|no)\b/).first().waitFor();
      await look(page, form);
    });
  }
  await context.close();
}

/** A screen whose code and then whose numbers are slow: what was there stays until the code is here, then a skeleton stands in for the numbers. */
export async function neverBlank(browser, form, state, origin) {
  const context = await open(browser, form, state);
  try {
    const page = await context.newPage();
    let code = 0;
    await page.route(/\/assets\/OrdersPage-[^/]*\.js$/, async (route) => {
      code += 1;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await route.continue();
    });
    await page.route(/\/api\/v1\/orders\?/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await route.continue();
    });
    await page.goto(origin);
    await page.locator('[data-link="live"]').waitFor();
    await page.evaluate(() => {
      window.seen = [];
      const look = () => {
        const main = document.querySelector("main");
        const rows = main.querySelectorAll('[data-c="order-row"]').length;
        const state = rows > 0 ? "rows" : main.querySelector('[data-c="order-list"] .skeleton, [data-c="order-list"] [aria-busy], [data-c="order-list"][aria-busy="true"]') ? "skeleton" : main.innerText.trim() === "" ? "blank" : "words";
        if (window.seen.at(-1) !== state) window.seen.push(state);
        if (rows === 0) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await page.locator('aside a[href="/orders"], nav a[href="/orders"]').first().click();
    await page.locator('[data-c="order-row"]').first().waitFor({ timeout: 30_000 });
    await page.waitForFunction(() => window.seen.at(-1) === "rows");
    const seen = await page.evaluate(() => window.seen);
    expect(code > 0, "the code of the screen was not waited for");
    expect(seen.join() === "words,skeleton,rows", `what stood on the screen: ${seen}`);
  } finally {
    await context.close();
  }
}

/** Without any script the board stands as it will look, cannot be pressed yet, and is gone once the app has drawn its own. */
export async function beforeTheScripts(browser, form, state, origin) {
  const context = await open(browser, form, state);
  try {
    const page = await context.newPage();
    let held = [];
    await page.route(/\/assets\/.*\.js$/, (route) => void (held ? held.push(route) : route.continue()));
    const opened = page.goto(origin, { waitUntil: "load" });
    const still = page.locator("#still");
    await still.locator("h1").waitFor();
    // nothing is painted before the styles are here, and nothing measured
    await page.waitForFunction(() => [...document.querySelectorAll('link[rel="stylesheet"]')].every((link) => link.sheet));
    const box = await still.locator("h1").boundingBox();
    const cards = await still.locator("main section").count();
    expect(cards >= 5, `${cards} cards stand before the scripts`);
    expect(await still.evaluate((all) => all.inert), "what does nothing yet can be pressed");
    const waiting = held;
    held = undefined;
    await Promise.all([opened, ...waiting.map((route) => route.continue())]);
    await page.locator('[data-c="kpi-orders"] [data-c="figure"]').getByText(/\d/).waitFor();
    expect((await still.count()) === 0, "the first drawing is still there");
    const now = await page.locator("main h1").boundingBox();
    expect(now.x === box.x && now.y === box.y, `the title moved from ${box.x}, ${box.y} to ${now.x}, ${now.y}`);
    // another screen does not begin as the board
    await page.route(/\/assets\/.*\.js$/, (route) => route.abort());
    await page.goto(`${origin}/orders`);
    expect((await page.locator("h1").count()) === 0, "the orders begin as the board");
  } finally {
    await context.close();
  }
}
