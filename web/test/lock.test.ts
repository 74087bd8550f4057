import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface Lock {
  packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string; link?: boolean; integrity?: string }>;
}

const text = readFileSync("package-lock.json", "utf8");
const { packages } = JSON.parse(text) as Lock;

describe("package-lock.json", () => {
  it("has an entry of its own for every optional dependency, so that it installs on every platform", () => {
    const names = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)));
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {})
        .filter((name) => !names.has(name))
        .map((name) => `${path} -> ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it("records no download address, and a checksum for every package", () => {
    const entries = Object.entries(packages).filter(([path]) => path !== "");
    expect(entries.length).toBeGreaterThan(50);
    expect(text).not.toMatch(/registry/i);
    expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(entries.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([]);
  });
});
