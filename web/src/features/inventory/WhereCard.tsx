import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { Stand, StockDetail } from "../../wire/api";
import { wholeNumber } from "./whole";

/** At which locations a SKU's units lie, and the way from one to another. */
export function WhereCard({ stock }: { stock: StockDetail }) {
  const format = useFormat();
  return (
    <Card title={t.places.where} name="where">
      <ul className="flex flex-col text-[13px]">
        {stock.where.map((at) => (
          <li key={at.id} data-c="stand" data-location={at.id} className="flex items-baseline justify-between gap-3 border-b border-line py-2 first:pt-0">
            <span className="min-w-0">
              <span className="[overflow-wrap:anywhere]">{at.name}</span>
              <Note at={at} />
            </span>
            <span className="font-semibold tabular-nums">{format.count(at.on_hand)}</span>
          </li>
        ))}
      </ul>
      <TransferForm sku={stock.sku} where={stock.where} />
    </Card>
  );
}

function Note({ at }: { at: Stand }) {
  const format = useFormat();
  const notes = [at.closed ? t.places.closed : at.ships ? "" : t.places.aside, at.picked > 0 ? t.places.picked(format.count(at.picked)) : ""].filter((note) => note !== "");
  if (notes.length === 0) return null;
  return <span className="block text-[12px] text-fg-3 tabular-nums">{notes.join(" \u00b7 ")}</span>;
}

function TransferForm({ sku, where }: { sku: string; where: Stand[] }) {
  const [from, setFrom] = useState(where.find((at) => at.on_hand > 0)?.id ?? where[0]?.id ?? "");
  const [to, setTo] = useState(where.find((at) => at.id !== from && !at.closed)?.id ?? "");
  const [quantity, setQuantity] = useState("");
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState(0);
  const { state, run } = useCommand("transfer-stock");
  const format = useFormat();
  const units = wholeNumber(quantity);
  const bad = units === undefined || units < 1;

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (bad || from === to) return;
    setSent(units);
    void run({ sku, quantity: units, from, to }).then((done) => {
      if (!done) return;
      setQuantity("");
      setTried(false);
    });
  };

  return (
    <form onSubmit={submit} noValidate aria-label={t.places.transfer} className="mt-3 flex flex-col gap-3">
      <div className="grid grid-cols-2 gap-3">
        <Select label={t.places.from} value={from} options={where.map(({ id, name }) => [id, name])} choose={setFrom} />
        <Select label={t.places.to} value={to} options={where.filter(({ closed }) => !closed).map(({ id, name }) => [id, name])} choose={setTo} />
      </div>
      <Field
        label={t.places.quantity}
        value={quantity}
        onChange={(event) => setQuantity(event.target.value)}
        inputMode="numeric"
        autoComplete="off"
        error={tried && bad ? t.places.quantityBad : tried && from === to ? t.places.sameBad : undefined}
        required
      />
      <div className="flex flex-col gap-2">
        <Button type="submit" busy={state.kind === "sending"} className="self-start">
          {state.kind === "unsure" ? t.commandState.again : t.places.transferDo}
        </Button>
        <Said state={state} done={t.places.moved(format.count(sent))} />
      </div>
    </form>
  );
}
