import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";

/** Puts everything for one buyer into one package. Absent while the channel names no other order that fits, or the server would refuse it. */
export function CombineOrders({ order, others }: { order: OrderDetail; others: string[] }) {
  const { state, run } = useCommand("combine-orders");
  const offered = order.shipping.can.includes("combine-orders") && others.length > 0;
  if (!offered && state.kind === "idle") return null;
  const all = [order.id, ...others].slice(0, 10);
  return (
    <div className="mt-2 flex flex-col items-start gap-2 border-t border-line pt-3" data-c="combine-orders">
      {offered && (
        <>
          <p className="text-[13px] text-fg-3">{t.shipping.combineWhy(others.map((id) => id.slice(id.indexOf(":") + 1)).join(", "))}</p>
          <Button busy={state.kind === "sending"} onClick={() => void run({ orders: all })}>
            {t.shipping.combine(all.length)}
          </Button>
        </>
      )}
      <Said state={state} done={t.shipping.telling} roomy={false} />
    </div>
  );
}
