import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { Stand } from "../../wire/api";
import { expected } from "./expected";
import { wholeNumber } from "./whole";

/** Goods came in. */
export function ReceiveForm({ sku, at }: { sku: string; at?: Stand | undefined }) {
  const [quantity, setQuantity] = useState("");
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState(false);
  const [sent, setSent] = useState(0);
  const { state, run } = useCommand("receive-stock");
  const format = useFormat();

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const units = wholeNumber(quantity);
    setWrong(units === undefined || units < 1);
    if (units === undefined || units < 1) return;
    setSent(units);
    void run({ sku, quantity: units, reason: reason.trim(), ...(at && { location: at.id }) }, expected(sku, "received", units, format.signed(units), at?.ships)).then((done) => {
      if (!done) return;
      setQuantity("");
      setReason("");
    });
  };

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      <Field
        label={t.inventory.receiveQuantity}
        value={quantity}
        onChange={(event) => setQuantity(event.target.value)}
        inputMode="numeric"
        autoComplete="off"
        error={wrong ? t.inventory.receiveBad : undefined}
        required
      />
      <Field label={t.inventory.reasonOptional} value={reason} onChange={(event) => setReason(event.target.value)} autoComplete="off" maxLength={200} />
      <div className="flex flex-col gap-2">
        <Button type="submit" tone="primary" busy={state.kind === "sending"} className="self-start">
          {state.kind === "unsure" ? t.commandState.again : t.inventory.receiveDo}
        </Button>
        <Said state={state} done={t.inventory.received1(format.count(sent))} />
      </div>
    </form>
  );
}
