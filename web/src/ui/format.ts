import { createContext, use } from "react";
import type { Money } from "../wire/api";

/** Numbers, money and times in the reader's language and the workspace's time zone. Intl objects are slow to make. */
export interface Format {
  readonly zone: string;
  count(n: number): string;
  /** Up to one decimal: rates an hour, seconds. */
  rate(n: number): string;
  money(amount: Money): string;
  /** An amount in two parts, so that the small money can be set small: "£128,430" and ".12". */
  moneyParts(amount: Money): readonly [string, string];
  /** Axis labels: short, without pence. */
  moneyShort(amount: Money): string;
  percent(n: number, digits?: 1 | 2): string;
  /** Signed, with a real minus. */
  changePercent(n: number): string;
  changePoints(n: number): string;
  signed(n: number): string;
  /** How long: "12 ms", "0.8 s", "2 min 5 s", "1 h 4 min". */
  duration(seconds: number): string;
  /** How long since, in one unit: "6 s", "1 min", "2 h", "3 d". */
  age(seconds: number): string;
  /** How long until, no finer than it is known: "15 min", "9 h 30 min", "20 h". */
  ahead(seconds: number): string;
  time(at: string | number): string;
  day(at: string | number): string;
  /** A moment on a chart: "Tue 17 Nov, 14:00". */
  dayHour(at: string | number): string;
  /** Whole, with the zone: "24 Nov 2026, 19:30:54 GMT". */
  dateTime(at: string | number): string;
  /** A day with its year: "24 Nov 2026". */
  date(at: string | number): string;
  /** Without the year, for tables: "24 Nov, 19:30:54". */
  stamp(at: string | number): string;
  /** As short as it is clear beside another moment: the time alone on the same day, else with the day. */
  near(at: string | number, other: string | number): string;
  /** Where a time falls in the zone: its day as yyyy-mm-dd and its hour. */
  dayAndHour(at: number): { day: string; hour: number };
}

const minus = "\u2212";
const thin = "\u202f";

function sign(n: number): string {
  return n > 0 ? "+" : n < 0 ? minus : "";
}

const others: [number, string][] = [
  [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
  [3, "BHD IQD JOD KWD LYD OMR TND"],
  [4, "CLF UYW"],
];

/** Decimals of a currency by ISO 4217, in which the hub counts: pence 2, yen 0. A browser names those that people use: of forints none. */
export function exponentOf(currency: string): number {
  return others.find(([, codes]) => codes.split(" ").includes(currency))?.[0] ?? 2;
}

export function makeFormat(locale: string, zone: string): Format {
  const plain = once(() => new Intl.NumberFormat(locale));
  const twoDecimals = once(() => new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }));
  const oneDecimal = once(() => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }));
  const timeZone = once(() => knownZone(zone));
  const clock = once(() => new Intl.DateTimeFormat(locale, { timeZone: timeZone(), hour: "2-digit", minute: "2-digit", second: "2-digit" }));
  const day = once(() => new Intl.DateTimeFormat(locale, { timeZone: timeZone(), weekday: "short", day: "numeric", month: "short" }));
  const dayHour = once(() => new Intl.DateTimeFormat(locale, { timeZone: timeZone(), weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }));
  const stamp = once(() => new Intl.DateTimeFormat(locale, { timeZone: timeZone(), day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" }));
  const date = once(() => new Intl.DateTimeFormat(locale, { timeZone: timeZone(), day: "numeric", month: "short", year: "numeric" }));
  const full = once(
    () =>
      new Intl.DateTimeFormat(locale, {
        timeZone: timeZone(),
        day: "numeric",
        month: "short",
        year: "numeric",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
        timeZoneName: "short",
      }),
  );
  const parts = once(
    () =>
      new Intl.DateTimeFormat("en-CA", {
        timeZone: timeZone(),
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        hourCycle: "h23",
      }),
  );
  const currencies = new Map<string, { exact: () => Intl.NumberFormat; whole: () => Intl.NumberFormat; exponent: number }>();

  const currency = (code: string) => {
    let known = currencies.get(code);
    if (!known) {
      const exponent = exponentOf(code);
      const make = (digits: number): (() => Intl.NumberFormat) =>
        once(() => {
          const fractions = { minimumFractionDigits: digits, maximumFractionDigits: digits };
          try {
            return new Intl.NumberFormat(locale, { style: "currency", currency: code, ...fractions });
          } catch {
            return new Intl.NumberFormat(locale, fractions);
          }
        });
      known = { exact: make(exponent), whole: make(0), exponent };
      currencies.set(code, known);
    }
    return known;
  };

  const hours = new Map<number, { day: string; hour: number }>(); // a chart asks for the same ones each time it is drawn
  const dayAndHour = (at: number): { day: string; hour: number } => {
    const known = hours.get(at);
    if (known) return known;
    const found: Record<string, string> = {};
    for (const part of parts().formatToParts(new Date(at))) found[part.type] = part.value;
    const made = { day: `${found["year"]}-${found["month"]}-${found["day"]}`, hour: Number(found["hour"]) };
    if (hours.size > 2000) hours.clear();
    hours.set(at, made);
    return made;
  };
  const dayOf = (at: string | number): string => dayAndHour(new Date(at).getTime()).day;

  return {
    zone,
    count: (n) => plain().format(Math.round(n)).replace("-", minus),
    rate: (n) => oneDecimal().format(n),
    money: ({ minor, currency: code }) => {
      const { exact, exponent } = currency(code);
      return exact().format(minor / 10 ** exponent).replace("-", minus);
    },
    moneyParts: ({ minor, currency: code }) => {
      const { exact, exponent } = currency(code);
      let head = "";
      let tail = "";
      for (const part of exact().formatToParts(minor / 10 ** exponent)) {
        const text = part.type === "minusSign" ? minus : part.value;
        if (part.type === "decimal" || part.type === "fraction" || tail !== "") tail += text;
        else head += text;
      }
      return [head, tail];
    },
    moneyShort: ({ minor, currency: code }) => {
      const { whole, exponent } = currency(code);
      return whole().format(minor / 10 ** exponent).replace("-", minus);
    },
    percent: (n, digits = 1) => `${(digits === 2 ? twoDecimals() : oneDecimal()).format(n)}${thin}%`,
    changePercent: (n) => `${sign(n)}${Math.abs(n) < 100 ? oneDecimal().format(Math.abs(n)) : plain().format(Math.round(Math.abs(n)))}${thin}%`,
    changePoints: (n) => `${sign(n)}${oneDecimal().format(Math.abs(n))}${thin}pp`,
    signed: (n) => `${sign(n)}${plain().format(Math.abs(n))}`,
    duration: (seconds) => duration(seconds, (n) => oneDecimal().format(n)),
    ahead: (seconds) => duration(coarse(seconds), (n) => oneDecimal().format(n)),
    age: (seconds) => age(Math.floor(seconds)),
    time: (at) => clock().format(new Date(at)),
    day: (at) => day().format(new Date(at)),
    dayHour: (at) => dayHour().format(new Date(at)),
    stamp: (at) => stamp().format(new Date(at)),
    dateTime: (at) => full().format(new Date(at)),
    date: (at) => date().format(new Date(at)),
    near: (at, other) => (dayOf(at) === dayOf(other) ? clock() : stamp()).format(new Date(at)),
    dayAndHour,
  };
}

/** Makes a thing when it is first asked for: an Intl object takes longer than what a screen does with it, and no screen asks for all. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function duration(seconds: number, short: (n: number) => string): string {
  if (seconds > 0 && seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1000))}${thin}ms`;
  if (seconds < 59.95) return `${short(seconds)}${thin}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return joined(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return joined(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(seconds / 3600);
  return joined(Math.floor(hours / 24), "d", hours % 24, "h");
}

function coarse(seconds: number): number {
  const unit = seconds < 3600 ? 60 : seconds < 36_000 ? 600 : 3600;
  return Math.max(60, Math.round(seconds / unit) * unit);
}

function joined(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big}${thin}${bigUnit}` : `${big}${thin}${bigUnit} ${small}${thin}${smallUnit}`;
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}${thin}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${thin}min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}${thin}h`;
  return `${Math.floor(seconds / 86400)}${thin}d`;
}

function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

export const FormatContext = createContext<Format>(makeFormat("en-GB", "UTC"));

export function useFormat(): Format {
  return use(FormatContext);
}
