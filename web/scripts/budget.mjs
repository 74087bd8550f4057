#!/usr/bin/env node
// Bytes on the wire, brotli, held against the budgets. Reads web/dist; build first.
//   node scripts/budget.mjs [--json]
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const kb = 1024;
const budgets = { first: 140 * kb, css: 8 * kb, chart: 15 * kb, route: 25 * kb, words: 13 * kb };

let manifest;
try {
  manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
} catch {
  console.error("budget: there is no build to measure; run npm run build");
  process.exit(1);
}

/** Compressed size as served; tiny files are served plain. */
const size = (file) => {
  for (const name of [`${file}.br`, file]) {
    try {
      return statSync(join(dist, name)).size;
    } catch {
      // the next form
    }
  }
  throw new Error(`budget: ${file} is in the manifest but not in the build`);
};

/** Every chunk that a chunk needs before it runs, itself included. */
const needs = (key, seen = new Set()) => {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) needs(next, seen);
  return seen;
};
const total = (keys) => [...keys].reduce((sum, key) => sum + size(manifest[key].file), 0);

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = needs(entry);
const styles = new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []));
// the words of all other screens are one chunk, which the first of them brings along
const words = new Set(Object.keys(manifest).filter((key) => /^_?words-/.test(key)));
const rows = [
  { what: "first-load JS", bytes: total(first), budget: budgets.first },
  { what: "words of the other screens", bytes: total(words), budget: budgets.words },
  { what: "CSS", bytes: [...styles].reduce((sum, file) => sum + size(file), 0), budget: budgets.css },
];
for (const key of Object.keys(manifest).filter((name) => manifest[name].isDynamicEntry)) {
  const own = new Set([...needs(key)].filter((name) => !first.has(name) && !words.has(name)));
  const chart = key.includes("ui/chart/");
  rows.push({ what: key.replace("src/", ""), bytes: total(own), budget: chart ? budgets.chart : budgets.route });
}

const over = rows.filter((row) => row.bytes > row.budget);
if (process.argv.includes("--json")) {
  for (const row of rows) console.log(JSON.stringify({ name: row.what, bytes: row.bytes, budget: row.budget }));
} else {
  for (const { what, bytes, budget } of rows) {
    const mark = bytes > budget ? "OVER" : "ok";
    console.log(`${mark.padEnd(5)}${(bytes / kb).toFixed(1).padStart(7)} of ${String(budget / kb).padStart(3)} KB  ${what}`);
  }
}
if (over.length > 0) {
  console.error(`budget: ${over.map((row) => row.what).join(", ")} over budget`);
  process.exit(1);
}
