import type { Workspace } from "../../wire/api";
import type { Commands } from "../../wire/commands";

/** What somebody typed. */
export interface Typed {
  name: string;
  zone: string;
  currency: string;
  orders_title: string;
}

const fields = ["name", "zone", "currency", "orders_title"] as const;
const version = ({ versions }: Workspace, field: keyof Typed): number => versions[field] ?? 0;

/** Whether nobody has said anything about the business yet. */
export function isNew({ versions }: Workspace): boolean {
  return versions.name + versions.zone + versions.currency === 0;
}

/** What the form begins with: what was set, else the browser's zone and the currency that is sold in. */
export function proposal({ name, zone, currency, orders_title, versions }: Workspace, browserZone: string): Typed {
  return { name: versions.name > 0 ? name : "", zone: versions.zone > 0 ? zone : browserZone, currency, orders_title };
}

/** Names the fields that change something, so that nobody's change of another one is undone. */
export function toSet(seen: Workspace, form: Typed): Commands["configure-workspace"] {
  const wanted: Typed = { name: form.name.trim(), zone: form.zone.trim(), currency: form.currency.trim().toUpperCase(), orders_title: form.orders_title.trim() };
  // what nobody has set is made up for and must be said once; a title need not be
  const changed = fields.filter((field) => wanted[field] !== seen[field] || (field !== "orders_title" && version(seen, field) === 0));
  const named = changed.length > 0 ? changed : (["name"] as const); // unchanged: the same again does no harm
  return { ...Object.fromEntries(named.map((field) => [field, wanted[field]])), versions: seen.versions };
}

/** A field that somebody else set since it was looked at, to something else than what was typed. */
export interface Clash {
  field: keyof Typed;
  theirs: string;
  mine: string;
}

/** Where what was typed and what somebody else saved meanwhile are at odds; both stand there until one is chosen. */
export function clashes(seen: Workspace, now: Workspace, form: Typed): Clash[] {
  return fields
    .filter((field) => version(now, field) > version(seen, field) && now[field] !== form[field])
    .map((field) => ({ field, theirs: now[field], mine: form[field] }));
}

/** What was looked at, brought up to date where somebody else set what was typed here too: then there is nothing to choose. */
export function agreed(seen: Workspace, now: Workspace, form: Typed): Workspace {
  const same = fields.filter((field) => now[field] === form[field]);
  return { ...seen, ...Object.fromEntries(same.map((field) => [field, now[field]])), versions: { ...seen.versions, ...Object.fromEntries(same.map((field) => [field, version(now, field)])) } };
}
