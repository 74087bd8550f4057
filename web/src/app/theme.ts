/** Dark is the default; light and "like the system" are choices that are remembered. */
export type Theme = "dark" | "light" | "system";

const order: Theme[] = ["dark", "light", "system"];
const light = "(prefers-color-scheme: light)";

export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem("theme");
    return order.find((theme) => theme === stored) ?? "dark";
  } catch {
    return "dark"; // storage is blocked
  }
}

export function nextTheme(theme: Theme): Theme {
  return order[(order.indexOf(theme) + 1) % order.length] ?? "dark";
}

export function applyTheme(theme: Theme): void {
  const shown = theme === "system" ? (matchMedia(light).matches ? "light" : "dark") : theme;
  document.documentElement.dataset["theme"] = shown;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // the choice then lasts until the page is closed
  }
}

/** Follows the system while that is the choice. */
export function followSystem(chosen: () => Theme): () => void {
  const query = matchMedia(light);
  const changed = (): void => {
    if (chosen() === "system") applyTheme("system");
  };
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}
