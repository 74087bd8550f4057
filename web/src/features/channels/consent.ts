/** What is kept of a begun connection while the seller is away at the channel's page. No secret is in it. */
export interface Begun {
  app: string;
  state: string;
  channel: string;
}

const storageKey = "connecting";

export function keepBegun(begun: Begun): void {
  sessionStorage.setItem(storageKey, JSON.stringify(begun));
}

/** What was begun in this tab; undefined when nothing was. */
export function readBegun(): Begun | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(storageKey) ?? "null") as Partial<Begun> | null;
    return typeof found?.app === "string" && typeof found.state === "string" && typeof found.channel === "string"
      ? { app: found.app, state: found.state, channel: found.channel }
      : undefined;
  } catch {
    return undefined;
  }
}

export function forgetBegun(): void {
  sessionStorage.removeItem(storageKey);
}

/**
 * What was given in the address that a channel led back to, by the names that it asks for; "plain" when the text is no such
 * address, "foreign" when it answers another request than ours, "refused" when the seller said no.
 */
export function givenIn(text: string, names: readonly string[], state: string): Record<string, string> | "foreign" | "refused" | "plain" {
  const entered = text.trim();
  const query = new URLSearchParams(entered.slice(entered.indexOf("?") + 1));
  const found = Object.fromEntries(names.map((name) => [name, query.get(name) ?? ""]).filter(([, value]) => value !== ""));
  if (query.get("error") !== null || found["code"] === "null") return "refused";
  if (query.has("state") && query.get("state") !== state) return "foreign";
  return Object.keys(found).length > 0 ? found : "plain";
}
