import { useEffect, useRef } from "react";
import { Button } from "../../ui/Button";
import { t } from "../../ui/words/words";

interface ConfirmProps {
  /** What happens. */
  sentence: string;
  /** What the button does, with the name of what it is done to. */
  does: string;
  busy: boolean;
  act: () => void;
  keep: () => void;
  tone?: "primary" | "danger";
  /** Leaves the focus where it is: on a list whose arrow keys go through what can be chosen. */
  quiet?: boolean;
}

/** Asks once more, in the row itself. The focus is on the way back, so that a second Enter does no harm. */
export function Confirm({ sentence, does, busy, act, keep, tone = "danger", quiet = false }: ConfirmProps) {
  const back = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!quiet) back.current?.querySelector<HTMLButtonElement>("button:last-of-type")?.focus();
  }, [quiet]);
  return (
    <div ref={back} role="group" aria-label={does} className="mt-2 flex flex-wrap items-center gap-2 rounded-control border border-line bg-surface-2 p-3">
      <p role={quiet ? "status" : undefined} className="min-w-0 flex-1 basis-56 text-[13px] [overflow-wrap:anywhere]">{sentence}</p>
      <Button tone={tone} busy={busy} onClick={act}>
        {does}
      </Button>
      <Button onClick={keep}>{t.settings.keep}</Button>
    </div>
  );
}
