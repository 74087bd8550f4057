import { ShieldAlert } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";
import { cancelReasons, type CancelReason } from "./cancelReasons";

/** Why a rule holds an order, and the two ways on. Absent for an order that is not held. */
export function ReviewOrder({ order }: { order: OrderDetail }) {
  const [reason, setReason] = useState<CancelReason>("undeliverable");
  const approve = useCommand("approve-orders");
  const reject = useCommand("reject-orders");
  const held = order.flow?.actions.includes("approve") ?? false;
  if (!held && approve.state.kind === "idle" && reject.state.kind === "idle") return null;
  const busy = approve.state.kind === "sending" || reject.state.kind === "sending";
  const orders = [order.id];
  return (
    <Card title={t.orders.review.title} name="review">
      {held && (
        <>
          <p className="flex items-start gap-3 text-[13px] text-fg-2" data-c="flag">
            <ShieldAlert className="mt-0.5 size-4 shrink-0 text-warn" aria-hidden="true" />
            <span className="min-w-0 [overflow-wrap:anywhere]">{order.flow?.sentence}</span>
          </p>
          <div className="mt-3 flex flex-wrap items-end gap-2">
            <Button tone="primary" busy={busy} onClick={() => void approve.run({ orders })}>
              {t.orders.review.approve}
            </Button>
            <span className="flex-1" />
            <Select label={t.orders.review.reason} value={reason} options={cancelReasons} choose={setReason} className="w-48" />
            <Button tone="danger" busy={busy} onClick={() => void reject.run({ orders, reason })}>
              {t.orders.review.reject}
            </Button>
          </div>
        </>
      )}
      <Said state={approve.state} done={t.orders.review.approved} roomy={false} />
      <Said state={reject.state} done={t.orders.review.rejected} roomy={false} />
    </Card>
  );
}
