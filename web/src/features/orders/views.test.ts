import { expect, it } from "vitest";
import { mostViews, readViews, withView } from "./views";

const view = (name: string, q = "", status = "") => ({ name, q, status });

it("reads what was saved and passes over what is no view", () => {
  expect(readViews(null)).toEqual([]);
  expect(readViews("{")).toEqual([]);
  expect(readViews('"x"')).toEqual([]);
  expect(readViews(JSON.stringify([view("Mine", "576", "stuck"), null, 3, { name: "half" }]))).toEqual([view("Mine", "576", "stuck")]);
});

it("keeps one view of a name, and the newest ones", () => {
  expect(withView([view("a"), view("b")], view("a", "x"))).toEqual([view("b"), view("a", "x")]);
  const full = Array.from({ length: mostViews }, (_, i) => view(String(i)));
  const next = withView(full, view("new"));
  expect(next).toHaveLength(mostViews);
  expect([next[0]?.name, next.at(-1)?.name]).toEqual(["1", "new"]);
});
