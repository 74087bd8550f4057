/** Dark is the default; light and "like the system" are choices that are remembered. */
export type Theme = "dark" | "light" | "system";

export const themes: Theme[] = ["dark", "light", "system"];
const light = "(prefers-color-scheme: light)";

let chosen: Theme | undefined;
const listeners = new Set<() => void>();

/** The choice, for useSyncExternalStore. */
export function chosenTheme(): Theme {
  chosen ??= stored();
  return chosen;
}

export function listenTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function stored(): Theme {
  try {
    const kept = localStorage.getItem("theme");
    return themes.find((theme) => theme === kept) ?? "dark";
  } catch {
    return "dark"; // storage is blocked
  }
}

export function nextTheme(theme: Theme): Theme {
  return themes[(themes.indexOf(theme) + 1) % themes.length] ?? "dark";
}

export function applyTheme(theme: Theme): void {
  const shown = theme === "system" ? (matchMedia(light).matches ? "light" : "dark") : theme;
  document.documentElement.dataset["theme"] = shown;
  chosen = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // the choice then lasts until the page is closed
  }
  for (const listener of [...listeners]) listener();
}

/** Follows the system while that is the choice. */
export function followSystem(): () => void {
  const query = matchMedia(light);
  const changed = (): void => {
    if (chosenTheme() === "system") applyTheme("system");
  };
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}
