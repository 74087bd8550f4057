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

/** What was counted differs from what is written: a change with its reason, never an absolute number. */
export function AdjustForm({ sku, at }: { sku: string; at?: Stand | undefined }) {
  const [delta, setDelta] = useState("");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState(0);
  const { state, run } = useCommand("adjust-stock");
  const format = useFormat();
  const units = wholeNumber(delta);
  const badDelta = units === undefined || units === 0;
  const badReason = reason.trim() === "";

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (badDelta || badReason) return;
    setSent(units);
    void run({ sku, delta: units, reason: reason.trim(), ...(at && { location: at.id }) }, expected(sku, "adjusted", units, format.signed(units), at?.ships)).then((done) => {
      if (!done) return;
      setDelta("");
      setReason("");
      setTried(false);
    });
  };

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      <Field
        label={t.inventory.adjustDelta}
        hint={t.inventory.adjustHint}
        value={delta}
        onChange={(event) => setDelta(event.target.value)}
        inputMode="text"
        autoComplete="off"
        error={tried && badDelta ? t.inventory.adjustBad : undefined}
        required
      />
      <Field
        label={t.inventory.reason}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        autoComplete="off"
        maxLength={200}
        error={tried && badReason ? t.inventory.reasonBad : undefined}
        required
      />
      <div className="flex flex-col gap-2">
        <Button type="submit" busy={state.kind === "sending"} className="self-start">
          {state.kind === "unsure" ? t.commandState.again : t.inventory.adjustDo}
        </Button>
        <Said state={state} done={t.inventory.adjusted1(format.signed(sent))} />
      </div>
    </form>
  );
}
