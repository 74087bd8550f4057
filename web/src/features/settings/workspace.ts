import type { Workspace } from "../../wire/api";
import type { Commands } from "../../wire/commands";

/** What somebody typed. */
export interface Typed {
  name: string;
  zone: string;
  currency: string;
}

/** Whether nobody has said anything about the business yet. */
export function isNew({ versions }: Workspace): boolean {
  return versions.name + versions.zone + versions.currency === 0;
}

/** What the form begins with: what was set, else the browser's zone and the currency that is sold in. */
export function proposal({ name, zone, currency, versions }: Workspace, browserZone: string): Typed {
  return { name: versions.name > 0 ? name : "", zone: versions.zone > 0 ? zone : browserZone, currency };
}

/** Names the fields that change something, so that nobody's change of another one is undone. */
export function toSet(seen: Workspace, form: Typed): Commands["configure-workspace"] {
  const wanted: Typed = { name: form.name.trim(), zone: form.zone.trim(), currency: form.currency.trim().toUpperCase() };
  const fields = (["name", "zone", "currency"] as const).filter((field) => wanted[field] !== seen[field] || seen.versions[field] === 0);
  const named = fields.length > 0 ? fields : (["name"] as const); // unchanged: the same again does no harm
  return { ...Object.fromEntries(named.map((field) => [field, wanted[field]])), versions: seen.versions };
}
