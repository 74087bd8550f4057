// The board moves by itself: numbers, positions, connection, time.
import { expect, until } from "./check.mjs";
import { command } from "./review.mjs";

const figure = (page, name) => page.locator(`[data-c="${name}"] [data-c="figure"]`);
const link = (page) => page.locator('[data-c="live"]').getAttribute("data-link");

export async function waitForLive(page, seconds = 30) {
  await until("the pill says Live", seconds, async () => (await link(page)) === "live");
}

/** What a page asks the hub for from now on. The code of other screens, which comes when the browser is idle, is no question. */
export function asks(page) {
  const asked = [];
  page.on("request", (request) => ["fetch", "xhr"].includes(request.resourceType()) && asked.push(`${request.method()} ${request.url()}`));
  return asked;
}

export async function numberMovesWithoutAsking(page) {
  await waitForLive(page);
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => {
    window.sameDocument = true;
  });
  const asked = asks(page);
  for (let i = 0; i < 3; i++) {
    const before = await figure(page, "kpi-orders").textContent();
    await until("the number of orders moves", 60, async () => (await figure(page, "kpi-orders").textContent()) !== before);
    await page.waitForTimeout(1500);
  }
  expect(await page.evaluate(() => window.sameDocument === true), "the page was loaded again");
  expect(asked.length === 0, `the board asked while it moved: ${asked.slice(0, 5).join(", ")}`);
}

/** Every change of a tile's position is caught before the browser paints; the four must then be equal. */
export async function positionsStayTogether(page) {
  const seen = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const tiles = ["kpi-revenue", "kpi-orders", "kpi-conversion", "kpi-repeat"].map((name) => document.querySelector(`[data-c="${name}"]`));
        const seen = [];
        const observer = new MutationObserver(() => {
          seen.push(tiles.map((tile) => tile.dataset.position));
          if (seen.length >= 5) done();
        });
        const done = () => {
          observer.disconnect();
          resolve(seen);
        };
        for (const tile of tiles) observer.observe(tile, { attributes: true, attributeFilter: ["data-position"] });
        setTimeout(done, 60_000);
      }),
  );
  expect(seen.length >= 3, `only ${seen.length} changes in a minute`);
  for (const positions of seen) expect(new Set(positions).size === 1 && positions[0], `mixed positions on one screen: ${positions}`);
  const order = seen.map(([position]) => Number(position));
  expect(order.every((position, i) => i === 0 || position > order[i - 1]), `positions went back: ${order}`);
}

/** Once somebody sends visits the tile has a rate, without being asked. */
export async function conversion(page, origin) {
  const { items } = await (await page.request.get(`${origin}/api/v1/connections`)).json();
  const hour = `${new Date().toISOString().slice(0, 13)}:00:00Z`;
  await command(page, "count-visits", { connection: items[0].id, hour, visits: 20_000 });
  await until("the tile has a rate", 20, async () => /^\d.*%$/.test(await figure(page, "kpi-conversion").textContent()));
}

/** The number counts through values in between and ends where the server says. */
export async function numbersCountFromTheOldValue(page) {
  const texts = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const element = document.querySelector('[data-c="kpi-revenue"] [data-c="figure"]');
        const texts = [element.textContent];
        let due = false;
        const observer = new MutationObserver(() => {
          texts.push(element.textContent);
          if (!due) setTimeout(() => (observer.disconnect(), resolve(texts)), 600);
          due = true;
        });
        observer.observe(element, { subtree: true, childList: true, characterData: true });
        setTimeout(() => (observer.disconnect(), resolve(texts)), 60_000);
      }),
  );
  const values = texts.map((text) => Number(text.replace(/[^0-9.]/g, "")));
  expect(values.length > 3, `the number jumped: ${texts.join(" -> ")}`);
  // a cancellation lowers revenue, so the way may lead down; it never leads below both of its ends
  const lower = Math.min(values[0], values.at(-1));
  expect(Math.min(...values) >= lower * 0.9, `it counted from below its old value: ${texts.slice(0, 5).join(" -> ")}`);
}

export async function cutAndRecover(page, context) {
  await context.setOffline(true);
  await until("the pill says Offline", 15, async () => (await link(page)) === "offline");
  const age = page.locator('[data-c="data-age"]');
  const first = await age.textContent();
  expect(/data .+ old/.test(first), `the pill does not say how old the data is: ${first}`);
  const sync = page.locator('[data-c="last-sync"]');
  const before = await sync.textContent();
  await until("the age of the data ticks", 10, async () => (await age.textContent()) !== first);
  await until("the last sync ticks without the server", 10, async () => (await sync.textContent()) !== before);
  const kept = await figure(page, "kpi-orders").textContent();
  expect(/\d/.test(kept), "the last good numbers are gone");
  await context.setOffline(false);
  await recovered(page);
  const stale = await figure(page, "kpi-orders").textContent();
  await until("the numbers move again", 60, async () => (await figure(page, "kpi-orders").textContent()) !== stale);
}

/** Live again, and said in the right words. */
export async function recovered(page, seconds = 60) {
  const toast = page.locator('[data-c="toast"]');
  await until("the app says how it reconnected", seconds, async () =>
    (await toast.allTextContents()).some((text) => /Reconnected, up to date|Reloaded/.test(text)),
  );
  await waitForLive(page, seconds);
}

export async function pauseHoldsStill(page) {
  await page.keyboard.press("p");
  await page.getByText("Paused", { exact: true }).waitFor();
  await page.waitForTimeout(600); // a number may still be counting
  const before = await figure(page, "kpi-orders").textContent();
  await until("the pill counts what waits", 60, async () => /updates? waits?/.test(await page.locator('[data-c="live"]').textContent()));
  expect((await figure(page, "kpi-orders").textContent()) === before, "a paused number moved");
  await page.keyboard.press("p");
  await until("the number catches up", 60, async () => (await figure(page, "kpi-orders").textContent()) !== before);
}

export async function chartByKeyboard(page) {
  const chart = page.getByRole("slider", { name: /Revenue by hour/ });
  await chart.focus();
  await page.keyboard.press("ArrowLeft");
  const last = await chart.getAttribute("aria-valuetext");
  await page.keyboard.press("ArrowLeft");
  const before = await chart.getAttribute("aria-valuetext");
  expect(last && before && last !== before, `the cursor does not move: ${last} / ${before}`);
  await page.keyboard.press("Escape");
}

export async function themeIsRemembered(page) {
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  expect((await theme()) === "dark", "dark is not the default");
  await page.locator('[data-c="theme"]').click();
  expect((await theme()) === "light", "the first press does not give light");
  await page.reload();
  expect((await theme()) === "light", "the choice is forgotten");
  await page.locator('[data-c="theme"]').click();
  await page.emulateMedia({ colorScheme: "dark" });
  await until("the page follows a dark system", 5, async () => (await theme()) === "dark");
  await page.emulateMedia({ colorScheme: "light" });
  await until("the page follows a light system", 5, async () => (await theme()) === "light");
  await page.locator('[data-c="theme"]').click();
  expect((await theme()) === "dark", "the third press does not give dark");
}

/**
 * Fifty dots drift while events come, faster with more of them, and the same is said in words; they stand still where less motion is
 * wanted and on a hidden page.
 */
export async function activity(page) {
  const dots = page.locator('[data-c="particles"]');
  await dots.waitFor();
  expect((await dots.getAttribute("data-dots")) === "50", "not fifty dots");
  const words = page.locator('[data-c="activity"]').getByText(/^[\d.,]+ events a second reach the log$/);
  const picture = () => dots.evaluate((canvas) => canvas.toDataURL());
  const moves = async () => {
    const before = await picture();
    await page.waitForTimeout(400);
    return (await picture()) !== before;
  };
  const busy = async () => Number(await dots.getAttribute("data-speed")) > 0;
  await until("events come", 60, busy);
  await until("the dots drift", 60, moves);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await until("the dots stand still where less motion is wanted", 10, async () => !(await moves()));
  await words.waitFor();
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await until("the dots drift again", 60, moves);
  const hide = (hidden) =>
    page.evaluate((is) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (is ? "hidden" : "visible") });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await until("the dots stand still on a hidden page", 10, async () => !(await moves()));
  await hide(false);
  const speed = Number(await dots.getAttribute("data-speed"));
  await until("the speed follows the events", 120, async () => Math.abs(Number(await dots.getAttribute("data-speed")) - speed) > 0.002);
}
