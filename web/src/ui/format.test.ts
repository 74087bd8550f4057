import { describe, expect, it } from "vitest";
import { exponentOf, makeFormat } from "./format";

const format = makeFormat("en-GB", "Europe/London");
/** Narrow spaces read as spaces here. */
const plain = (text: string) => text.replaceAll("\u202f", " ").replaceAll("\u00a0", " ");

describe("money", () => {
  it("is exact in every currency's own decimals", () => {
    expect(format.money({ minor: 12843012, currency: "GBP" })).toBe("£128,430.12");
    expect(format.money({ minor: 5, currency: "GBP" })).toBe("£0.05");
    expect(plain(format.money({ minor: 1234, currency: "JPY" }))).toBe("JP¥1,234");
    expect(plain(format.money({ minor: 1234, currency: "KWD" }))).toBe("KWD 1.234");
    expect(format.money({ minor: -250, currency: "GBP" })).toBe("\u2212£2.50");
    expect(plain(format.money({ minor: 199900, currency: "HUF" }))).toBe("HUF 1,999.00");
  });

  it("has ISO 4217's decimals and not those that a browser shows", () => {
    expect(["HUF", "IDR", "PKR", "COP", "MGA"].map(exponentOf)).toEqual([2, 2, 2, 2, 2]);
    expect(["JPY", "ISK", "UGX", "IQD", "KWD", "CLF"].map(exponentOf)).toEqual([0, 0, 0, 3, 3, 4]);
  });

  it("comes in two parts that are the whole", () => {
    expect(format.moneyParts({ minor: 12843012, currency: "GBP" })).toEqual(["£128,430", ".12"]);
    expect(makeFormat("de-DE", "UTC").moneyParts({ minor: 100050, currency: "EUR" }).map(plain)).toEqual(["1.000", ",50 €"]);
    expect(format.moneyParts({ minor: 77, currency: "JPY" })[1]).toBe("");
  });

  it("survives a code it does not know", () => {
    expect(exponentOf("not a code")).toBe(2);
    expect(format.money({ minor: 100, currency: "not a code" })).toBe("1.00");
  });
});

describe("changes", () => {
  it.each([
    [12.5, "+12.5 %"],
    [-67, "\u221267 %"],
    [0, "0 %"],
    [1234.5, "+1,235 %"],
  ])("%d", (n, want) => expect(plain(format.changePercent(n))).toBe(want));

  it("says points for rates", () => expect(plain(format.changePoints(-0.3))).toBe("\u22120.3 pp"));
  it("signs whole numbers", () => expect([format.signed(-40), format.signed(3), format.signed(0)]).toEqual(["\u221240", "+3", "0"]));
});

describe("durations", () => {
  it.each([
    [0, "0 s"],
    [0.012, "12 ms"],
    [0.0001, "1 ms"],
    [0.8, "0.8 s"],
    [12.6, "12.6 s"],
    [59.96, "1 min"],
    [60, "1 min"],
    [125, "2 min 5 s"],
    [3600, "1 h"],
    [3844.4, "1 h 4 min"],
    [3599.6, "1 h"],
    [172800, "2 d"],
    [180000, "2 d 2 h"],
  ])("%d seconds", (seconds, want) => expect(plain(format.duration(seconds))).toBe(want));

  it.each([
    [0.9, "0 s"],
    [59.9, "59 s"],
    [61, "1 min"],
    [7300, "2 h"],
    [200000, "2 d"],
  ])("age of %d seconds", (seconds, want) => expect(plain(format.age(seconds))).toBe(want));

  it.each([
    [5, "1 min"],
    [919, "15 min"],
    [34200, "9 h 30 min"],
    [71000, "20 h"],
  ])("%d seconds ahead", (seconds, want) => expect(plain(format.ahead(seconds))).toBe(want));
});

describe("times", () => {
  it("are in the workspace's zone, also when the clocks change", () => {
    expect(format.time("2026-07-01T10:00:00.000Z")).toBe("11:00:00");
    expect(format.time("2026-11-24T10:00:00.000Z")).toBe("10:00:00");
    expect(format.dayAndHour(Date.parse("2026-07-01T23:30:00.000Z"))).toEqual({ day: "2026-07-02", hour: 0 });
    expect(makeFormat("en-GB", "Asia/Kathmandu").time("2026-11-24T10:00:00.000Z")).toBe("15:45:00");
  });

  it("name the zone when they stand alone", () => {
    expect(format.dateTime("2026-07-01T10:00:00.000Z")).toBe("1 Jul 2026, 11:00:00 BST");
    expect(makeFormat("en-GB", "UTC").dateTime("2026-11-24T10:00:00.000Z")).toBe("24 Nov 2026, 10:00:00 UTC");
  });

  it.each([
    ["2026-07-01T10:00:00.000Z", "2026-07-01T22:59:00.000Z", "11:00:00"],
    ["2026-07-01T23:10:00.000Z", "2026-07-01T22:59:00.000Z", "2 Jul, 00:10:00"],
    ["2026-07-01T10:00:00.000Z", "2025-07-01T10:00:00.000Z", "1 Jul, 11:00:00"],
  ])("%s beside %s", (at, other, want) => expect(format.near(at, other)).toBe(want));

  it("fall back to UTC in a zone that does not exist", () => {
    expect(makeFormat("en-GB", "Mars/Olympus").time("2026-11-24T10:00:00.000Z")).toBe("10:00:00");
  });
});
