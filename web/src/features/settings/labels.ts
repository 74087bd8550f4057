import type { LabelPartner, SetLabelPartner } from "../../wire/api";

/** What stands in the form: sides in centimetres, as a ruler has them. */
export interface Typed {
  key: string;
  secret: string;
  automatic: boolean;
  carrier: string;
  service: string;
  grams: string;
  length: string;
  width: string;
  height: string;
  name: string;
  line1: string;
  line2: string;
  city: string;
  state: string;
  postalCode: string;
  country: string;
  address: string;
}

export function typed(now: LabelPartner): Typed {
  const cm = (millimetres: number): string => (millimetres === 0 ? "" : String(millimetres / 10));
  return {
    key: "", secret: "", automatic: now.partner === "" || now.automatic, carrier: now.carrier ?? "", service: now.service ?? "",
    grams: now.grams === 0 ? "" : String(now.grams), length: cm(now.length), width: cm(now.width), height: cm(now.height),
    name: now.from.name ?? "", line1: now.from.line1, line2: now.from.line2 ?? "", city: now.from.city, state: now.from.state ?? "",
    postalCode: now.from.postal_code ?? "", country: now.from.country,
    address: "",
  };
}

/** Whole grams from 1 to 70,000; undefined for anything else. */
export function grams(text: string): number | undefined {
  const n = Number(text);
  return /^\d+$/.test(text.trim()) && n >= 1 && n <= 70_000 ? n : undefined;
}

/** Whole millimetres of a side in centimetres with at most one decimal, to three metres; undefined for anything else. */
export function millimetres(text: string): number | undefined {
  const n = Math.round(Number(text.replace(",", ".")) * 10);
  return /^\d+([.,]\d)?$/.test(text.trim()) && n >= 1 && n <= 3000 ? n : undefined;
}

/** What is sent; undefined while something is missing or cannot be read. */
export function toSet(now: LabelPartner, form: Typed): SetLabelPartner | undefined {
  const [weight, length, width, height] = [grams(form.grams), millimetres(form.length), millimetres(form.width), millimetres(form.height)];
  const known = form.key.trim() !== "" || now.partner !== "";
  const whole = form.name.trim() !== "" && form.line1.trim() !== "" && form.city.trim() !== "" && /^[A-Za-z]{2}$/.test(form.country.trim());
  if (!weight || !length || !width || !height || !known || !whole) return undefined;
  return {
    partner: "easypost", key: form.key.trim(), secret: form.secret, base_url: form.address.trim(), automatic: form.automatic, carrier: form.carrier.trim(), service: form.service.trim(),
    grams: weight, length, width, height,
    from: {
      ...now.from, name: form.name.trim(), line1: form.line1.trim(), line2: form.line2.trim(), city: form.city.trim(), state: form.state.trim(),
      postal_code: form.postalCode.trim(), country: form.country.trim().toUpperCase(),
    },
  };
}
