import { describe, expect, it } from "vitest";
import type { Workspace } from "../../wire/api";
import { agreed, clashes, isNew, proposal, toSet } from "./workspace";

const nobody: Workspace = { name: "My shop", zone: "UTC", currency: "GBP", orders_title: "", demo: "none", versions: { name: 0, zone: 0, currency: 0 } };
const set: Workspace = { name: "Ana's", zone: "Europe/London", currency: "GBP", orders_title: "", demo: "none", versions: { name: 1, zone: 1, currency: 2 } };

describe("the workspace's form", () => {
  it("begins with what was set, else with the browser's zone and the currency sold in", () => {
    expect(proposal(nobody, "Asia/Kathmandu")).toEqual({ name: "", zone: "Asia/Kathmandu", currency: "GBP", orders_title: "" });
    expect(proposal(set, "Asia/Kathmandu")).toEqual({ name: "Ana's", zone: "Europe/London", currency: "GBP", orders_title: "" });
  });

  it("knows a business that nobody has named", () => {
    expect([isNew(nobody), isNew(set), isNew({ ...nobody, versions: { name: 0, zone: 3, currency: 0 } })]).toEqual([true, false, false]);
  });

  it("names what changes and what nobody has set", () => {
    expect(toSet(nobody, { name: " Ana's ", zone: "UTC", currency: "gbp", orders_title: "" })).toEqual({ name: "Ana's", zone: "UTC", currency: "GBP", versions: nobody.versions });
    expect(toSet(set, { name: "Ana's", zone: "Asia/Kathmandu", currency: "GBP", orders_title: "" })).toEqual({ zone: "Asia/Kathmandu", versions: set.versions });
    expect(toSet(set, { name: "Ana's", zone: "Europe/London", currency: "GBP", orders_title: " Order Empire" })).toEqual({ orders_title: "Order Empire", versions: set.versions });
    expect(toSet(set, { name: "Ana's", zone: "Europe/London", currency: "GBP", orders_title: "" })).toEqual({ name: "Ana's", versions: set.versions });
  });

  it("shows both versions where somebody else saved something else, and asks nothing where both say the same", () => {
    const now: Workspace = { ...set, name: "Ana & Ben", zone: "Europe/Paris", versions: { name: 5, zone: 5, currency: 2 } };
    const form = { name: "Ana's bags", zone: "Europe/Paris", currency: "GBP", orders_title: "" };
    expect(clashes(set, now, form)).toEqual([{ field: "name", theirs: "Ana & Ben", mine: "Ana's bags" }]);
    expect(toSet(agreed(set, now, form), form)).toEqual({ name: "Ana's bags", versions: { name: 1, zone: 5, currency: 2, orders_title: 0 } });
    expect(clashes(set, set, form)).toEqual([]);
  });
});
