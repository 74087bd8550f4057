import { exponentOf } from "../../ui/format";
import type { Commands } from "../../wire/commands";

type PlaceOrder = Commands["place-order"];

/** What stands in the form of an order that is entered by hand. */
export interface Entry {
  connection: string;
  number: string;
  currency: string;
  lines: { sku: string; quantity: string; price: string }[];
  delivery: string;
  pay: "card" | "link" | "elsewhere";
  method: string;
  name: string;
  address: string;
  city: string;
  state: string;
  postal: string;
  region: string;
}

/** Which field of an entry stands in the way, by its name; a line's by its number. */
export type Wrong = Partial<Record<"number" | "lines" | "delivery" | "method" | "name", true>>;

/** A price as it is typed, in minor units; undefined when it is none. */
export function minor(text: string, currency: string): number | undefined {
  const read = /^(\d{1,8})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  if (!read || !Intl.supportedValuesOf("currency").includes(currency)) return undefined;
  const places = exponentOf(currency);
  const fraction = read[2] ?? "";
  return fraction.length > places ? undefined : Number(`${read[1]}${fraction.padEnd(places, "0")}`);
}

const whole = (text: string): number | undefined => (/^[1-9]\d{0,4}$/.test(text.trim()) ? Number(text) : undefined);

/** The command of an entry, or what is wrong with it. Lines in which nothing stands do not count. */
export function toPlace(form: Entry): { body: PlaceOrder } | { wrong: Wrong } {
  const wrong: Wrong = {};
  const typed = form.lines.filter(({ sku, price }) => sku.trim() !== "" || price.trim() !== "");
  const lines = typed.flatMap(({ sku, quantity, price }) => {
    const [units, each] = [whole(quantity), minor(price, form.currency)];
    return sku.trim() === "" || units === undefined || each === undefined ? [] : [{ sku: sku.trim(), quantity: units, price: each }];
  });
  const delivery = form.delivery.trim() === "" ? 0 : minor(form.delivery, form.currency);
  if (!/^[0-9A-Za-z_-]{1,64}$/.test(form.number.trim())) wrong.number = true;
  if (lines.length === 0 || lines.length < typed.length) wrong.lines = true;
  if (delivery === undefined) wrong.delivery = true;
  if (form.pay === "card" && !/^p[mi]_\w+$/.test(form.method.trim())) wrong.method = true;
  const goes = [form.address, form.city, form.state, form.postal, form.region].some((text) => text.trim() !== "");
  if (goes && form.name.trim() === "") wrong.name = true;
  if (Object.keys(wrong).length > 0 || delivery === undefined) return { wrong };
  return {
    body: {
      connection: form.connection, number: form.number.trim(), currency: form.currency, lines, delivery, pay: form.pay,
      ...(form.pay === "card" && { method: form.method.trim() }),
      ...(form.name.trim() !== "" && {
        buyer: {
          name: form.name.trim(), address: form.address.trim(), city: form.city.trim(), state: form.state.trim(), postal_code: form.postal.trim(),
          region: form.region.trim(),
        },
      }),
    },
  };
}
