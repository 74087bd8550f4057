/** What is kept of a begun connection while the seller is away at the channel's page. No secret is in it. */
export interface Begun {
  app: string;
  state: string;
}

const storageKey = "connecting";

export function keepBegun(begun: Begun): void {
  sessionStorage.setItem(storageKey, JSON.stringify(begun));
}

/** What was begun in this tab; undefined when nothing was. */
export function readBegun(): Begun | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(storageKey) ?? "null") as Partial<Begun> | null;
    return typeof found?.app === "string" && typeof found.state === "string" ? { app: found.app, state: found.state } : undefined;
  } catch {
    return undefined;
  }
}

export function forgetBegun(): void {
  sessionStorage.removeItem(storageKey);
}

/**
 * The code in what somebody entered: the code itself, or the whole address that the channel led back to. "foreign" when that
 * address answers another request than ours, "refused" when the seller said no.
 */
export function codeIn(text: string, state: string): { code: string } | "foreign" | "refused" | "none" {
  const entered = text.trim();
  const at = entered.indexOf("?");
  const query = at >= 0 || entered.includes("code=") ? new URLSearchParams(entered.slice(at + 1)) : undefined;
  if (!query) return entered === "" ? "none" : { code: entered };
  const code = query.get("code");
  if (query.get("error") !== null || code === "null") return "refused";
  if (query.has("state") && query.get("state") !== state) return "foreign";
  return code ? { code } : "none";
}
