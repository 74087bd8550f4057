import { exponentOf } from "../../ui/format";
import type { Money, RiskRules as Rules } from "../../wire/api";
import type { Commands } from "../../wire/commands";


/** What stands in the form. */
export interface Typed {
  mismatch: boolean;
  from: string;
  total: boolean;
  over: string;
  repeats: boolean;
  orders: string;
  hours: string;
  stock: "kept" | "freed";
}

/** How many decimals a currency has; undefined for a code that is none. */
function decimals(currency: string): number | undefined {
  return Intl.supportedValuesOf("currency").includes(currency) ? exponentOf(currency) : undefined;
}

/** Amounts as a person writes them: GBP 2500, JPY 300000. */
export function written(amounts: Money[]): string {
  return amounts
    .map(({ minor, currency }) => {
      const places = decimals(currency) ?? 2;
      const text = (minor / 10 ** places).toFixed(places);
      return `${currency} ${text.replace(/\.0+$/, "")}`;
    })
    .join(", ");
}

/** Reads what a person wrote; undefined when it is not amounts, one a currency. */
export function amounts(text: string): Money[] | undefined {
  const found: Money[] = [];
  for (const part of text.split(",").map((piece) => piece.trim()).filter((piece) => piece !== "")) {
    const read = /^([A-Za-z]{3})\s*(\d{1,10})(?:\.(\d+))?$/.exec(part) ?? undefined;
    const currency = read?.[1]?.toUpperCase() ?? "";
    const places = decimals(currency);
    const fraction = read?.[3] ?? "";
    if (!read || places === undefined || fraction.length > places || found.some((one) => one.currency === currency)) return undefined;
    const minor = Number(`${read[2]}${fraction.padEnd(places, "0")}`);
    if (minor < 1) return undefined;
    found.push({ minor, currency });
  }
  return found.sort((a, b) => (a.currency < b.currency ? -1 : 1));
}

/** A whole number within bounds; undefined for anything else. */
export function within(text: string, least: number, most: number): number | undefined {
  const n = Number(text);
  return /^\d+$/.test(text.trim()) && n >= least && n <= most ? n : undefined;
}

export function typed(rules: Rules): Typed {
  return {
    mismatch: rules.mismatch.on, from: written(rules.mismatch.from), total: rules.total.on, over: written(rules.total.over),
    repeats: rules.repeats.on, orders: String(rules.repeats.orders), hours: String(rules.repeats.hours), stock: rules.stock === "freed" ? "freed" : "kept",
  };
}

/** The command that sets what was changed, so that nobody's change of another rule is undone; undefined while something cannot be read. */
export function toSet(seen: Rules, form: Typed): Commands["configure-risk"] | undefined {
  const [from, over, orders, hours] = [amounts(form.from), amounts(form.over), within(form.orders, 1, 100), within(form.hours, 1, 720)];
  if (!from || !over || !orders || !hours) return undefined;
  const wanted = { mismatch: { on: form.mismatch, from }, total: { on: form.total, over }, repeats: { on: form.repeats, orders, hours }, stock: form.stock };
  const was = typed(seen);
  const set: Commands["configure-risk"] = { versions: seen.versions };
  if (form.mismatch !== was.mismatch || written(from) !== was.from) set.mismatch = wanted.mismatch;
  if (form.total !== was.total || written(over) !== was.over) set.total = wanted.total;
  if (form.repeats !== was.repeats || String(orders) !== was.orders || String(hours) !== was.hours) set.repeats = wanted.repeats;
  if (form.stock !== was.stock) set.stock = wanted.stock;
  if (!set.mismatch && !set.total && !set.repeats && !set.stock) set.stock = wanted.stock; // unchanged: the same again does no harm
  return set;
}
