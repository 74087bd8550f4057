import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";
import { cancelReasons, type CancelReason } from "./cancelReasons";

/** Cancels a whole order at its channel in the seller's name. Closed until asked for; absent where the channel would not take it, and where it is done at the channel a sentence says so. */
export function CancelOrder({ order }: { order: OrderDetail }) {
  const [reason, setReason] = useState<CancelReason>("out_of_stock");
  const { state, run } = useCommand("cancel-order");
  const direct = order.channel === "direct"; // the hub is its channel
  if (order.cancel_at && state.kind === "idle") {
    return (
      <p className="mt-3 border-t border-line pt-2 text-[13px] text-fg-3" data-c="cancel-at">
        {order.cancel_at}
      </p>
    );
  }
  if (!order.can.includes("cancel-order") && state.kind === "idle") return null;
  return (
    <details className="group mt-3 border-t border-line pt-2" data-c="cancel-order">
      <summary className="inline-flex min-h-9 cursor-pointer items-center gap-1.5 text-[13px] text-fg-2 max-md:min-h-11">
        <ChevronRight className="size-4 transition-transform group-open:rotate-90" aria-hidden="true" />
        {direct ? t.claims.cancelDirect : t.claims.cancelTitle}
      </summary>
      <p className="mt-1 mb-2 text-[13px] text-fg-3">{direct ? t.claims.cancelDirectWhy : t.claims.cancelWhy}</p>
      <div className="flex flex-wrap items-end gap-2">
        <Select label={t.claims.reason} value={reason} options={cancelReasons} choose={setReason} className="w-56" />
        <Button tone="danger" busy={state.kind === "sending"} onClick={() => void run({ order: order.id, reason })}>
          {t.claims.cancel}
        </Button>
      </div>
      <Said state={state} done={t.claims.asking} roomy={false} />
    </details>
  );
}
