import { describe, expect, it } from "vitest";
import type { Workspace } from "../../wire/api";
import { isNew, proposal, toSet } from "./workspace";

const nobody: Workspace = { name: "My shop", zone: "UTC", currency: "GBP", versions: { name: 0, zone: 0, currency: 0 } };
const set: Workspace = { name: "Ana's", zone: "Europe/London", currency: "GBP", versions: { name: 1, zone: 1, currency: 2 } };

describe("the workspace's form", () => {
  it("begins with what was set, else with the browser's zone and the currency sold in", () => {
    expect(proposal(nobody, "Asia/Kathmandu")).toEqual({ name: "", zone: "Asia/Kathmandu", currency: "GBP" });
    expect(proposal(set, "Asia/Kathmandu")).toEqual({ name: "Ana's", zone: "Europe/London", currency: "GBP" });
  });

  it("knows a business that nobody has named", () => {
    expect([isNew(nobody), isNew(set), isNew({ ...nobody, versions: { name: 0, zone: 3, currency: 0 } })]).toEqual([true, false, false]);
  });

  it("names what changes and what nobody has set", () => {
    expect(toSet(nobody, { name: " Ana's ", zone: "UTC", currency: "gbp" })).toEqual({ name: "Ana's", zone: "UTC", currency: "GBP", versions: nobody.versions });
    expect(toSet(set, { name: "Ana's", zone: "Asia/Kathmandu", currency: "GBP" })).toEqual({ zone: "Asia/Kathmandu", versions: set.versions });
    expect(toSet(set, { name: "Ana's", zone: "Europe/London", currency: "GBP" })).toEqual({ name: "Ana's", versions: set.versions });
  });
});
