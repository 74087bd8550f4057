import { useEffect, useRef } from "react";
import type { Connections } from "../wire/api";
import { notices } from "./notices";

/** What is said of shops that have begun to fail since they were last looked at: which, why, and what to do. */
export function newlyFailing(before: Connections | undefined, now: Connections): string[] {
  if (!before) return []; // what was so when the page opened stands in the icons
  const fine = new Set(before.items.filter(({ state }) => state !== "failing").map(({ id }) => id));
  return now.items.filter(({ id, state }) => state === "failing" && fine.has(id)).map(({ name, error, mend }) => `${name}: ${error} ${mend}`.trim());
}

/** Says it on whatever screen is open, as soon as the hub knows. */
export function useFailing(now: Connections | undefined): void {
  const before = useRef<Connections | undefined>(undefined);
  useEffect(() => {
    if (!now) return;
    for (const sentence of newlyFailing(before.current, now)) notices.say(sentence);
    before.current = now;
  }, [now]);
}
