import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";

/** What a person may do where trying again does not help: skip the step, or take the order back. Closed until asked for. */
export function OtherWays({ order }: { order: OrderDetail }) {
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const skip = useCommand("skip-step");
  const back = useCommand("take-back");
  const busy = skip.state.kind === "sending" || back.state.kind === "sending";
  const may = (action: "skip" | "take-back"): boolean => order.flow?.actions.includes(action) ?? false;
  const told = skip.state.kind !== "idle" || back.state.kind !== "idle";
  if (!order.flow || (!may("skip") && !may("take-back") && !told)) return null;
  const { id, step } = order.flow;

  const ask = (run: typeof skip.run): void => {
    setTried(true);
    if (reason.trim() !== "") void run({ flow: id, step, reason: reason.trim() }).then((done) => done && setTried(false));
  };

  return (
    <details className="group mt-3 border-t border-line pt-2" data-c="other-ways">
      <summary className="inline-flex min-h-9 cursor-pointer items-center gap-1.5 text-[13px] text-fg-2 max-md:min-h-11">
        <ChevronRight className="size-4 transition-transform group-open:rotate-90" aria-hidden="true" />
        {t.orders.otherWays}
      </summary>
      <div className="mt-1 flex flex-col gap-3">
        {may("skip") && <p className="text-[13px] text-fg-3">{t.orders.skipWhy}</p>}
        {may("take-back") && <p className="text-[13px] text-fg-3">{t.orders.takeBackWhy}</p>}
        <Field
          label={t.inventory.reason}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          autoComplete="off"
          maxLength={200}
          error={tried && reason.trim() === "" ? t.orders.reasonBad : undefined}
          required
        />
        <div className="flex flex-wrap gap-2">
          {may("skip") && (
            <Button busy={busy} onClick={() => ask(skip.run)} data-c="skip">
              {t.orders.skip(step)}
            </Button>
          )}
          {may("take-back") && (
            <Button tone="danger" busy={busy} onClick={() => ask(back.run)} data-c="take-back">
              {t.orders.takeBack}
            </Button>
          )}
        </div>
        <Said state={skip.state} done={t.orders.skipped} roomy={false} />
        <Said state={back.state} done={t.orders.takenBack} roomy={false} />
      </div>
    </details>
  );
}
