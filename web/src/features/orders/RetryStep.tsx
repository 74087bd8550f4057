import { RotateCw } from "lucide-react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";

/** The way on for a flow that cannot go on by itself. Absent while nothing is wrong. */
export function RetryStep({ order }: { order: OrderDetail }) {
  const { state, run } = useCommand("retry-step");
  const noStock = order.waiting === "no_stock";
  const helps = order.flow !== null && (order.flow.state === "stuck" || noStock);
  if (!order.flow || (!helps && state.kind === "idle")) return null;
  const { id } = order.flow;
  return (
    <div className="mt-1 flex flex-col items-start gap-2 border-t border-line pt-3">
      {helps && (
        <Button tone="primary" busy={state.kind === "sending"} onClick={() => void run({ flow: id })} data-c="retry">
          <RotateCw className="size-4" aria-hidden="true" />
          {noStock ? t.orders.retryStock : t.orders.retry}
        </Button>
      )}
      <Said state={state} done={t.orders.retried} />
    </div>
  );
}
