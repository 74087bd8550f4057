import { Monitor, Moon, Sun } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { cx } from "../ui/cx";
import { applyTheme, chosenTheme, followSystem, listenTheme, nextTheme } from "../ui/theme";
import { t } from "../ui/words/first";

const icons = { dark: Moon, light: Sun, system: Monitor };

/** Goes round: dark, light, like the system. With words it says which it is. */
export function ThemeToggle({ className, words = false }: { className: string; words?: boolean }) {
  const theme = useSyncExternalStore(listenTheme, chosenTheme, chosenTheme);
  useEffect(followSystem, []);
  const Icon = icons[theme];
  const next = nextTheme(theme);
  const label = t.theme.change(t.theme[theme], t.theme[next]);
  return (
    <button
      type="button"
      className={cx("press text-fg-2 hover:bg-surface-2", className)}
      aria-label={label}
      title={label}
      data-c="theme"
      onClick={() => applyTheme(next)}
    >
      <Icon className="size-4" aria-hidden="true" />
      {words && `${t.theme.label}: ${t.theme[theme]}`}
    </button>
  );
}
