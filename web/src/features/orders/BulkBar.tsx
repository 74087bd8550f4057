import { RotateCw, X } from "lucide-react";
import { Button } from "../../ui/Button";
import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/words";
import { useRetryAll } from "./bulk";

interface BulkBarProps {
  chosen: Set<string>;
  /** The orders that stay chosen afterwards: those of which the outcome is not known. */
  onChosen: (ids: Set<string>) => void;
}

/** What can be done with all chosen orders, and what became of it. Absent while none is chosen and nothing is to be told. */
export function BulkBar({ chosen, onChosen }: BulkBarProps) {
  const format = useFormat();
  const { state, run, forget } = useRetryAll();
  if (chosen.size === 0 && state.kind === "idle") return null;
  return (
    <div
      role="region"
      aria-label={t.orders.bulk.label}
      className="sticky bottom-3 z-10 mt-3 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-card border border-control bg-surface-2 px-4 py-2.5 text-[13px] shadow-lg max-md:bottom-[4.25rem]"
      data-c="bulk"
    >
      {chosen.size > 0 && <span className="tabular-nums">{t.orders.bulk.chosen(format.count(chosen.size), chosen.size)}</span>}
      <p role="status" className="min-w-0 flex-1 text-fg-2 [overflow-wrap:anywhere] empty:hidden">
        {state.kind === "sending" && t.orders.bulk.sending(format.count(state.sent), format.count(state.all))}
        {state.kind === "told" && (
          <>
            {state.outcome.done > 0 && `${t.orders.bulk.done(format.count(state.outcome.done), state.outcome.done)} `}
            {state.outcome.refused.map(({ why, count }) => `${t.orders.bulk.refused(format.count(count), why)} `)}
            {state.outcome.unsure.length > 0 && t.orders.bulk.unsure(format.count(state.outcome.unsure.length), state.outcome.unsure.length)}
          </>
        )}
      </p>
      {chosen.size > 0 && (
        <Button
          tone="primary"
          busy={state.kind === "sending"}
          onClick={() => void run([...chosen]).then(({ unsure }) => onChosen(new Set(unsure)))}
          data-c="bulk-retry"
        >
          <RotateCw className="size-4" aria-hidden="true" />
          {t.orders.bulk.retry}
        </Button>
      )}
      <Button
        disabled={state.kind === "sending"}
        onClick={() => {
          forget();
          onChosen(new Set());
        }}
      >
        <X className="size-4" aria-hidden="true" />
        {t.orders.bulk.clear}
      </Button>
    </div>
  );
}
