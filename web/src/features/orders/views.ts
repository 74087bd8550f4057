import { useCallback, useState } from "react";

/** A search and a filter of the orders under a name of one's own. */
export interface View {
  name: string;
  q: string;
  status: string;
}

const storageKey = "order-views";
/** More would be a list to search in. */
export const mostViews = 12;
export const longestName = 40;

/** The views that are stored on this device; what is not one of ours is passed over. */
export function readViews(text: string | null): View[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(found)) return [];
    return found.filter(
      (view: unknown): view is View =>
        typeof view === "object" && view !== null && ["name", "q", "status"].every((key) => typeof (view as Record<string, unknown>)[key] === "string"),
    );
  } catch {
    return [];
  }
}

/** With a view under its name, which replaces one of the same name; the newest comes last, and the oldest goes when there are too many. */
export function withView(views: View[], view: View): View[] {
  return [...views.filter(({ name }) => name !== view.name), view].slice(-mostViews);
}

/** The saved views of this device, and the ways to change them. */
export function useViews() {
  const [views, setViews] = useState(() => readViews(localStorage.getItem(storageKey)));
  const keep = useCallback((change: (views: View[]) => View[]) => {
    const next = change(readViews(localStorage.getItem(storageKey))); // another tab may have saved one
    localStorage.setItem(storageKey, JSON.stringify(next));
    setViews(next);
  }, []);
  const save = useCallback((view: View) => keep((views) => withView(views, view)), [keep]);
  const remove = useCallback((name: string) => keep((views) => views.filter((view) => view.name !== name)), [keep]);
  return { views, save, remove };
}
