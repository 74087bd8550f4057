import { describe, expect, it } from "vitest";
import { minor, toPlace, type Entry } from "./entry";

const form: Entry = {
  connection: "k7", number: "M-1", currency: "GBP", lines: [{ sku: " HOODIE-M ", quantity: "2", price: "19.99" }, { sku: "", quantity: "1", price: "" }],
  delivery: "5", pay: "elsewhere", method: "", name: "", address: "", city: "", state: "", postal: "", region: "",
};

describe("an order that is entered by hand", () => {
  it("reads prices in the currency's minor units", () => {
    expect(["19.99", "19,9", "20", "0", "19.999", "x", ""].map((text) => minor(text, "GBP"))).toEqual([1999, 1990, 2000, 0, undefined, undefined, undefined]);
    expect([minor("1999", "HUF"), minor("1999.5", "IDR"), minor("1.5", "IQD")]).toEqual([199900, 199950, 1500]);
    expect([minor("300", "JPY"), minor("3.5", "JPY"), minor("1.5", "nothing")]).toEqual([300, undefined, undefined]);
  });

  it("becomes a command without its empty lines", () => {
    expect(toPlace(form)).toEqual({
      body: { connection: "k7", number: "M-1", currency: "GBP", lines: [{ sku: "HOODIE-M", quantity: 2, price: 1999 }], delivery: 500, pay: "elsewhere" },
    });
    const sent = toPlace({ ...form, pay: "card", method: "pm_1", name: "Ana", address: "1 High Street", city: " Leeds " });
    expect(sent).toMatchObject({ body: { method: "pm_1", buyer: { name: "Ana", address: "1 High Street", city: "Leeds", state: "" } } });
  });

  it("says which field stands in the way", () => {
    const wrong = (change: Partial<Entry>) => toPlace({ ...form, ...change });
    expect(wrong({ number: "M 1" })).toEqual({ wrong: { number: true } });
    expect(wrong({ lines: [] })).toEqual({ wrong: { lines: true } });
    expect(wrong({ lines: [...form.lines, { sku: "A", quantity: "0", price: "1" }] })).toEqual({ wrong: { lines: true } });
    expect(wrong({ delivery: "a" })).toEqual({ wrong: { delivery: true } });
    expect(wrong({ pay: "card", method: "4242" })).toEqual({ wrong: { method: true } });
    expect(wrong({ address: "1 High Street" })).toEqual({ wrong: { name: true } });
  });
});
