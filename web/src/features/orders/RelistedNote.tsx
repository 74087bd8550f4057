import { TriangleAlert } from "lucide-react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { OrderDetail, RelistedLetter } from "../../wire/api";
import { RetryStep } from "./RetryStep";
import { amendment, retriedAtLines } from "./state";

/** What the channel has changed in the order since it was placed, what the hub does about it, and what a person may. */
export function RelistedNote({ order }: { order: OrderDetail }) {
  const sentence = amendment(order.events);
  if (sentence === "") return null;
  const waits = order.relisted && ["no_stock", "backorder", "unknown_sku"].includes(order.waiting) ? order.flow?.sentence : "";
  return (
    <div role="status" data-c="amended" className="mb-3 flex items-start gap-3 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-[13px] text-fg-2">
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-warn" aria-hidden="true" />
      <div className="flex min-w-0 flex-col gap-2 [overflow-wrap:anywhere]">
        <p>{sentence}</p>
        {waits && <p className="text-fg">{waits}</p>}
        {retriedAtLines(order) && <RetryStep order={order} />}
        {order.relisted?.letters.map((letter) => (
          <Letter key={letter.id} letter={letter} />
        ))}
      </div>
    </div>
  );
}

function Letter({ letter }: { letter: RelistedLetter }) {
  const putBack = useCommand("put-back");
  const discard = useCommand("discard-deadletter");
  const busy = putBack.state.kind === "sending" || discard.state.kind === "sending";
  const back = letter.can.includes("put-back");
  const { sent, kept, done, settled, closed } = t.orders.letter;
  return (
    <div data-c="relisted-letter" className="flex flex-col items-start gap-2">
      <p className="text-fg">{letter.sentence}</p>
      <div className="flex flex-wrap gap-2">
        {back && (
          <Button tone="primary" busy={busy} onClick={() => void putBack.run({ id: letter.id, reason: "" })}>
            {t.deadletters.putBack}
          </Button>
        )}
        <Button busy={busy} onClick={() => void discard.run({ id: letter.id, reason: back ? kept : settled })}>
          {back ? sent : done}
        </Button>
      </div>
      <Said state={putBack.state} done={t.deadletters.returned} roomy={false} />
      <Said state={discard.state} done={closed} roomy={false} />
    </div>
  );
}
