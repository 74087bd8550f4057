// What must hold on every screen, in both themes, at both widths.
import AxeBuilder from "@axe-core/playwright";
import { widths } from "./browser.mjs";
import { expect } from "./check.mjs";

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function settle(page) {
  await page.locator('[data-link="live"]').waitFor();
  await page.waitForLoadState("networkidle").catch(() => undefined);
  await page.waitForTimeout(700); // numbers count and skeletons fade for less than that
}

/**
 * Waits until nothing fades in any more: text that is half there has half its contrast. Spinners never end and are let be, and so is
 * what does not end within two seconds: of a page that draws no frames no animation ever ends.
 */
async function still(page) {
  await page.evaluate(() =>
    Promise.race([
      new Promise((resolve) => setTimeout(resolve, 2_000)),
      Promise.all(
        document
          .getAnimations()
          .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity)
          .map((animation) => animation.finished.catch(() => undefined)), // a cancelled one is over too
      ),
    ]),
  );
}

/** In the page itself and without lists of what is right: no screen has frames, and either takes twice the time. */
async function violations(page, narrow) {
  await still(page);
  const found = await narrow(new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ["violations"] })).analyze();
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary?.split("\n")[1] ?? ""}`));
}

async function without(page, narrow, theme) {
  let told = await violations(page, narrow);
  if (told.length > 0) told = await violations(page, narrow); // an answer may have come in the middle, and its text have been half there
  expect(told.length === 0, `${theme}: ${told.slice(0, 8).join("\n      ")}`);
}

/** Every rule in the theme that the page has, and in the other one what a theme can change, which is colours. */
export async function accessible(page) {
  const theme = await page.evaluate(() => document.documentElement.dataset.theme);
  const other = theme === "dark" ? "light" : "dark";
  const dress = (name) => page.evaluate((to) => (document.documentElement.dataset.theme = to), name);
  await without(page, (axe) => axe.withTags(rules), theme);
  await dress(other);
  try {
    await without(page, (axe) => axe.withRules(["color-contrast"]), other);
  } finally {
    await dress(theme);
  }
}

export async function noSidewaysScroll(page) {
  const { inner, scroll } = await page.evaluate(() => ({ inner: innerWidth, scroll: document.scrollingElement.scrollWidth }));
  expect(scroll <= inner, `the page is ${scroll} px wide in a window of ${inner}`);
}

/** A table is no wider than the card it stands in; what runs out lies under the next card. */
export async function tablesStayInside(page) {
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll("table")].flatMap((table) => {
      const frame = table.closest("section").getBoundingClientRect();
      const right = table.getBoundingClientRect().right;
      return right <= frame.right + 0.5 ? [] : [`${document.title}: ${Math.round(right - frame.right)} px`];
    }),
  );
  expect(wide.length === 0, `wider than their card: ${wide.join("; ")}`);
}

/** A tile keeps its words inside and apart from its figure, whatever they say. */
export async function tilesHoldTheirWords(page) {
  const broken = await page.evaluate(() =>
    [...document.querySelectorAll('[data-c^="kpi-"]')].flatMap((tile) => {
      const outer = tile.getBoundingClientRect();
      const boxes = [...tile.children].map((part) => part.getBoundingClientRect());
      const inside = boxes.every((box) => box.top >= outer.top && box.bottom <= outer.bottom + 0.5);
      const apart = boxes.every((box, i) => i === 0 || box.top >= boxes[i - 1].bottom - 1);
      return inside && apart && tile.scrollWidth <= tile.clientWidth ? [] : [`${tile.dataset.c}: ${tile.textContent}`];
    }),
  );
  expect(broken.length === 0, `words over words: ${broken.join("; ")}`);
}

/** Everything that can be pressed on a phone is at least 44 px high and wide, links inside sentences excepted. */
export async function touchTargets(page) {
  const small = await page.evaluate(() => {
    const found = [];
    for (const element of document.querySelectorAll("a[href], button, input, summary, [role=slider]")) {
      let box = element.getBoundingClientRect();
      // a link may stretch over its row by a pseudo-element
      if (getComputedStyle(element, "::after").position === "absolute") box = element.closest("tr, li")?.getBoundingClientRect() ?? box;
      if (box.width <= 1 || box.height <= 1 || getComputedStyle(element).visibility === "hidden") continue;
      if (element.closest("dd, p") && element.tagName === "A") continue;
      if (box.height < 43.5 || (box.width < 43.5 && element.tagName !== "A")) {
        found.push(`${element.tagName} "${(element.textContent || element.ariaLabel || "").trim().slice(0, 30)}" ${Math.round(box.width)}x${Math.round(box.height)}`);
      }
    }
    return found;
  });
  expect(small.length === 0, `too small to touch: ${small.slice(0, 8).join("; ")}`);
}

/** What a page shows now, at both widths and in both themes. The page is then as it was. */
export async function everyForm(page) {
  const before = page.viewportSize();
  for (const { width, height } of widths) {
    await page.setViewportSize({ width, height });
    await accessible(page);
    await noSidewaysScroll(page);
    await statesHaveIconAndWord(page);
    if (width < 768) await touchTargets(page);
  }
  await page.setViewportSize(before);
}

/** A state is never colour alone: every mark has an icon and a word. */
export async function statesHaveIconAndWord(page) {
  const bare = await page.evaluate(() =>
    [...document.querySelectorAll("span[data-state]")].filter((mark) => !mark.querySelector("svg") || !mark.textContent.trim()).map((mark) => mark.outerHTML.slice(0, 120)),
  );
  expect(bare.length === 0, `states by colour alone: ${bare.join("; ")}`);
}

/** Layout shift from the first paint until the numbers moved for a while. */
export async function layoutShift(context, url, seconds = 4) {
  const page = await context.newPage();
  try {
    await page.addInitScript(() => {
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          if (!entry.hadRecentInput) window.shifts.push([entry.value, entry.sources?.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.nodeName)]);
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(url);
    await page.locator('[data-link="live"]').waitFor();
    await page.waitForTimeout(seconds * 1000);
    const shifts = await page.evaluate(() => window.shifts);
    const total = shifts.reduce((sum, [value]) => sum + value, 0);
    expect(total <= 0.02, `CLS ${total.toFixed(4)}: ${JSON.stringify(shifts.slice(0, 4))}`);
    return total;
  } finally {
    await page.close();
  }
}
