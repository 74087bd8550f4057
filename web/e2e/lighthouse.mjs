#!/usr/bin/env node
// Lighthouse on the board, as a phone on slow 4G with a processor four times slower: the median of three runs beside its budget, and
// what a cold cache has to fetch. Bytes and marks are counted; times are printed, because machines differ.
//   LIGHTHOUSE=<folder in which npm installed lighthouse and a node that it runs on> node e2e/lighthouse.mjs
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { setUp } from "./browser.mjs";
import { start } from "./product.mjs";

const tools = join(process.env.LIGHTHOUSE ?? "", "node_modules", ".bin");
const port = 9333;
const runs = 3;
const profile = mkdtempSync(join(tmpdir(), "creatorflow-lighthouse-"));
const product = await start(["demo", "--listen", "127.0.0.1:0", "--speed", "60"]);
const chrome = process.env.CHROMIUM ?? "/usr/bin/chromium";
const context = await chromium.launchPersistentContext(profile, {
  executablePath: chrome,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", `--remote-debugging-port=${port}`],
});
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
try {
  const page = context.pages()[0] ?? (await context.newPage());
  await setUp(page, product.link);
  const devtools = await context.newCDPSession(page);
  await new Promise((resolve) => setTimeout(resolve, 10_000)); // some orders first
  const reports = [];
  for (let i = 0; i < runs; i++) {
    await devtools.send("Network.clearBrowserCache"); // the session stays
    const { stdout } = await promisify(execFile)(
      join(tools, "lighthouse"),
      [product.origin, `--port=${port}`, "--output=json", "--quiet", "--disable-storage-reset", "--only-categories=performance,accessibility,best-practices", "--form-factor=mobile"],
      { maxBuffer: 64 << 20, env: { ...process.env, PATH: `${tools}:${process.env.PATH}`, CHROME_PATH: chrome } },
    );
    reports.push(JSON.parse(stdout));
  }
  const audit = (name) => median(reports.map(({ audits }) => audits[name].numericValue));
  const score = (name) => Math.round(100 * median(reports.map(({ categories }) => categories[name].score)));
  const line = (what, is, budget) => console.log(`${what.padEnd(28)} ${String(is).padStart(10)}   budget ${budget}`);
  line("accessibility", score("accessibility"), 100);
  line("best practices", score("best-practices"), 100);
  line("performance", score("performance"), "90 on an idle machine");
  line("LCP, ms", Math.round(audit("largest-contentful-paint")), "2000");
  line("CLS", audit("cumulative-layout-shift").toFixed(4), "0.02");
  line("blocking time, ms", Math.round(audit("total-blocking-time")), "–");
  console.log("\npayload of a cold cache, as it was transferred:");
  const requests = reports[0].audits["network-requests"].details.items.filter(({ transferSize }) => transferSize > 0);
  for (const { url, transferSize, resourceType } of requests.sort((a, b) => b.transferSize - a.transferSize)) {
    console.log(`${(transferSize / 1024).toFixed(1).padStart(8)} KiB  ${String(resourceType).padEnd(10)} ${new URL(url).pathname}`);
  }
  console.log(`${(requests.reduce((sum, { transferSize }) => sum + transferSize, 0) / 1024).toFixed(1).padStart(8)} KiB  in ${requests.length} requests`);
  const failed = Object.values(reports[0].audits).filter(({ score: is, scoreDisplayMode }) => scoreDisplayMode === "binary" && is === 0);
  for (const { id, title } of failed) console.log(`not passed: ${id}: ${title}`);
} finally {
  await context.close();
  await product.stop();
  rmSync(profile, { recursive: true, force: true });
}
