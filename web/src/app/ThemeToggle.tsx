import { Monitor, Moon, Sun } from "lucide-react";
import { useEffect, useState } from "react";
import { t } from "../ui/words/words";
import { applyTheme, followSystem, nextTheme, storedTheme } from "./theme";

const icons = { dark: Moon, light: Sun, system: Monitor };

/** Goes round: dark, light, like the system. */
export function ThemeToggle() {
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => followSystem(storedTheme), []);
  const Icon = icons[theme];
  const next = nextTheme(theme);
  const label = t.theme.change(t.theme[theme], t.theme[next]);
  return (
    <button
      type="button"
      className="press grid size-9 place-items-center rounded-control border border-line text-fg-2 hover:bg-surface-2 max-md:size-11"
      aria-label={label}
      title={label}
      data-c="theme"
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon className="size-4" aria-hidden="true" />
    </button>
  );
}
