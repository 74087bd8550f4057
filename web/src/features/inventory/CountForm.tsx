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

interface CountProps {
  sku: string;
  /** Where it is counted; absent for a seller with one location. */
  at?: Stand | undefined;
  onHand: number;
  adjusted: number;
}

/**
 * A count of the shelf against the books. What the books said when the count began is kept: what is sold and received
 * meanwhile is in the ledger already, so only the difference of that moment is booked. When somebody else has corrected the
 * SKU since, the server refuses it and says what the ledger says now.
 */
export function CountForm({ sku, at, onHand, adjusted }: CountProps) {
  const [begun, setBegun] = useState<number | undefined>(undefined);
  const [corrected, setCorrected] = useState(0);
  const [counted, setCounted] = useState("");
  const [tried, setTried] = useState(false);
  const [right, setRight] = useState<number | undefined>(undefined);
  const [booked, setBooked] = useState(0);
  const { state, run } = useCommand("count-stock");
  const format = useFormat();
  const found = wholeNumber(counted);
  const bad = found === undefined || found < 0;

  const over = (): void => {
    setBegun(undefined);
    setCounted("");
    setTried(false);
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (begun === undefined || bad) return;
    if (found === begun) {
      setRight(found);
      over();
      return;
    }
    const delta = found - begun;
    setBooked(delta);
    void run({ sku, counted: found, on_hand: begun, adjusted: corrected, ...(at && { location: at.id }) }, expected(sku, "adjusted", delta, format.signed(delta), at?.ships)).then((done) => {
      if (done) over();
    });
  };

  if (begun === undefined) {
    return (
      <div className="flex flex-col gap-2">
        <p className="text-[13px] text-fg-3">{t.inventory.countWhy}</p>
        <Button
          className="self-start"
          onClick={() => {
            setRight(undefined);
            setBegun(onHand);
            setCorrected(adjusted);
          }}
        >
          {t.inventory.countBegin}
        </Button>
        {right === undefined ? (
          <Said state={state} done={t.inventory.adjusted1(format.signed(booked))} />
        ) : (
          <p role="status" className="min-h-5 text-[13px] text-fg-2">
            {t.inventory.countRight(format.count(right))}
          </p>
        )}
      </div>
    );
  }
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      <Field
        label={t.inventory.counted}
        hint={bad ? t.inventory.countHint(format.count(begun)) : t.inventory.countDiffers(format.count(begun), format.signed(found - begun))}
        value={counted}
        onChange={(event) => setCounted(event.target.value)}
        inputMode="numeric"
        autoComplete="off"
        error={tried && bad ? t.inventory.countBad : undefined}
        required
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" busy={state.kind === "sending"}>
          {state.kind === "unsure" ? t.commandState.again : t.inventory.countDo}
        </Button>
        <Button onClick={over}>{t.inventory.countDrop}</Button>
      </div>
      <Said state={state} done="" />
    </form>
  );
}
