import { useSyncExternalStore } from "react";
import { Card } from "../../ui/Card";
import { applyTheme, chosenTheme, listenTheme, themes } from "../../ui/theme";
import { t } from "../../ui/words/words";
import { Chip } from "./Chip";

/** Dark, light or as the device. */
export function AppearanceSection() {
  const chosen = useSyncExternalStore(listenTheme, chosenTheme);
  return (
    <Card title={t.settings.appearance} aside={t.settings.appearanceLead} name="appearance">
      <fieldset className="flex flex-wrap gap-2">
        <legend className="sr-only">{t.theme.label}</legend>
        {themes.map((theme) => (
          <Chip key={theme} word={t.theme[theme]} type="radio" name="theme" checked={theme === chosen} onChange={() => applyTheme(theme)} />
        ))}
      </fieldset>
    </Card>
  );
}
