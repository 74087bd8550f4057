import { Check, RotateCw, X } from "lucide-react";
import { useState } from "react";
import { Button } from "../../ui/Button";
import { useFormat } from "../../ui/format";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import { useBulk, type Action } from "./bulk";
import { cancelReasons, type CancelReason } from "./cancelReasons";

interface BulkBarProps {
  chosen: Set<string>;
  /** The list holds orders that wait for review. */
  review: boolean;
  /** The orders that stay chosen afterwards: those of which the outcome is not known. */
  onChosen: (ids: Set<string>) => void;
}

/** How it is told that a number of orders were done. */
const told = { retry: "done", approve: "approved", reject: "rejected" } as const;

/** What can be done with all chosen orders, and what became of it. Absent while none is chosen and nothing is to be told. */
export function BulkBar({ chosen, review, onChosen }: BulkBarProps) {
  const format = useFormat();
  const { state, run, forget } = useBulk();
  const [reason, setReason] = useState<CancelReason>("undeliverable");
  const busy = state.kind === "sending";
  const act = (action: Action): void => void run([...chosen], action).then(({ unsure }) => onChosen(new Set(unsure)));
  if (chosen.size === 0 && state.kind === "idle") return null;
  return (
    <div
      role="region"
      aria-label={t.orders.bulk.label}
      className="sticky bottom-3 z-10 group-data-[demo]/shell:bottom-16 mt-3 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-card border border-control bg-surface-2 px-4 py-2.5 text-[13px] shadow-lg max-md:bottom-[4.25rem] max-md:group-data-[demo]/shell:bottom-36"
      data-c="bulk"
    >
      {chosen.size > 0 && <span className="tabular-nums">{t.orders.bulk.chosen(format.count(chosen.size), chosen.size)}</span>}
      <p role="status" className="min-w-0 flex-1 text-fg-2 [overflow-wrap:anywhere] empty:hidden">
        {state.kind === "sending" && t.orders.bulk.sending(format.count(state.sent), format.count(state.all))}
        {state.kind === "told" && (
          <>
            {state.outcome.done > 0 && `${t.orders.bulk[told[state.did]](format.count(state.outcome.done), state.outcome.done)} `}
            {state.outcome.refused.map(({ why, count }) => `${t.orders.bulk.refused(format.count(count), why)} `)}
            {state.outcome.unsure.length > 0 && t.orders.bulk.unsure(format.count(state.outcome.unsure.length), state.outcome.unsure.length)}
          </>
        )}
      </p>
      {chosen.size > 0 && review && (
        <>
          <Button tone="primary" busy={busy} onClick={() => act({ kind: "approve" })} data-c="bulk-approve">
            <Check className="size-4" aria-hidden="true" />
            {t.orders.review.approve}
          </Button>
          <Select label={t.orders.review.reason} quiet value={reason} options={cancelReasons} choose={setReason} className="w-48 max-md:w-56" />
          <Button tone="danger" busy={busy} onClick={() => act({ kind: "reject", reason })} data-c="bulk-reject">
            {t.orders.review.reject}
          </Button>
        </>
      )}
      {chosen.size > 0 && !review && (
        <Button tone="primary" busy={busy} onClick={() => act({ kind: "retry" })} data-c="bulk-retry">
          <RotateCw className="size-4" aria-hidden="true" />
          {t.orders.bulk.retry}
        </Button>
      )}
      <Button
        disabled={busy}
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
