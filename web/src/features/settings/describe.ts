import type { Format } from "../../ui/format";
import { t, wordOf } from "../../ui/words/words";
import type { ApiKey, Role, User } from "../../wire/api";

export const roles: Role[] = ["viewer", "operator", "owner"];

const browsers: [mark: RegExp, name: string][] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/Chrome\/|CriOS\//, "Chrome"],
  [/Safari\//, "Safari"],
];

const systems: [mark: RegExp, name: string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** A browser's own description in two words. Most name several browsers: the first that fits here is the one. */
export function device(agent: string): string {
  const find = (list: [RegExp, string][]): string | undefined => list.find(([mark]) => mark.test(agent))?.[1];
  return t.settings.device(find(browsers) ?? t.settings.unknownBrowser, find(systems) ?? t.settings.unknownSystem);
}

/** Where a user is, in one sentence. */
export function presence(user: User, format: Format): string {
  if (user.disabled) return t.settings.disabled;
  if (user.invited) return t.settings.invited;
  if (user.sessions === 0) return t.settings.signedInNowhere;
  return t.settings.signedInOn(user.sessions, format.stamp(user.seen_at));
}

/** What a key may do and how it fares, one part each. */
export function keyFacts(key: ApiKey, format: Format, now: number): string[] {
  const role = t.settings.roles[key.role];
  const ends = key.ends_at === "" ? undefined : Date.parse(key.ends_at);
  return [
    t.settings.keyRights(role, key.scopes.map((right) => wordOf(t.settings.rights, right).toLowerCase()).join(", ")),
    key.used_at === "" ? t.settings.keyUnused : t.settings.keyUsed(format.stamp(key.used_at)),
    ends === undefined ? t.settings.keyForEver : ends > now ? t.settings.keyEnds(format.date(ends)) : t.settings.keyEnded(format.date(ends)),
    t.settings.keyCreated(format.date(key.created_at)),
  ];
}
