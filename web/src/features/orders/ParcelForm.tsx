import { ChevronRight } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";

interface ParcelFormProps {
  order: OrderDetail;
  carriers: { id: string; name: string }[];
  /** The channel takes any name for a carrier. */
  any: boolean;
  /** Whose number is corrected; a new parcel when absent. */
  parcel?: number;
}

/** Which carrier has a parcel, under which number and with which units; or the right number of one that was told wrong. */
export function ParcelForm({ order, carriers, any, parcel }: ParcelFormProps) {
  const [carrier, setCarrier] = useState(carriers[0]?.id ?? "");
  const [tracking, setTracking] = useState("");
  const [units, setUnits] = useState<Record<string, string>>({});
  const [wrong, setWrong] = useState<string>();
  const ship = useCommand("ship-order");
  const correct = useCommand("correct-tracking");
  const { state } = parcel === undefined ? ship : correct;
  const left = order.shipping.left;

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const items = left.map(({ listing, quantity }) => ({ listing, quantity: amount(units[listing], quantity) })).filter(({ quantity }) => quantity !== 0);
    const bad = carrier.trim() === "" ? t.shipping.noCarrier : tracking.trim() === "" ? t.shipping.noTracking : undefined;
    const none = parcel === undefined && (items.length === 0 || items.some(({ quantity }) => Number.isNaN(quantity))) ? t.shipping.noUnits : undefined;
    setWrong(bad ?? none);
    if (bad ?? none) return;
    const told = { order: order.id, carrier: carrier.trim(), carrier_name: carriers.find(({ id }) => id === carrier)?.name ?? carrier.trim(), tracking };
    const clear = (done: boolean): void => {
      if (done) {
        setTracking("");
        setUnits({});
      }
    };
    void (parcel === undefined ? ship.run({ ...told, items }) : correct.run({ ...told, parcel })).then(clear);
  };

  const form = (
    <form onSubmit={submit} noValidate className="mt-1 flex flex-col gap-2" data-c={parcel === undefined ? "ship-order" : "correct-tracking"}>
      <div className="grid grid-cols-1 gap-2 sm:grid-cols-2">
        {any || carriers.length === 0 ? (
          <Field label={t.shipping.carrier} value={carrier} onChange={(event) => setCarrier(event.target.value)} autoComplete="off" />
        ) : (
          <Select label={t.shipping.carrier} value={carrier} options={carriers.map(({ id, name }) => [id, name])} choose={setCarrier} />
        )}
        <Field
          label={t.shipping.tracking}
          value={tracking}
          onChange={(event) => setTracking(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          error={wrong}
          className="min-w-0"
        />
      </div>
      {parcel === undefined &&
        left.map(({ listing, quantity }) => (
          <Field
            key={listing}
            label={t.shipping.unitsOf(order.lines.find((line) => line.listing === listing)?.code ?? listing, quantity)}
            value={units[listing] ?? String(quantity)}
            onChange={(event) => setUnits({ ...units, [listing]: event.target.value })}
            inputMode="numeric"
            autoComplete="off"
          />
        ))}
      <Button type="submit" tone="primary" busy={state.kind === "sending"} className="self-start">
        {parcel === undefined ? t.shipping.ship : t.shipping.correct}
      </Button>
      <Said state={state} done={t.shipping.telling} roomy={false} />
    </form>
  );
  if (parcel === undefined) return form;
  return (
    <details className="group">
      <summary className="inline-flex min-h-9 cursor-pointer items-center gap-1.5 text-[13px] text-fg-2 max-md:min-h-11">
        <ChevronRight className="size-4 transition-transform group-open:rotate-90" aria-hidden="true" />
        {t.shipping.correctTitle}
      </summary>
      {form}
    </details>
  );
}

/** A whole number from 0 to most, all when nothing was typed; NaN when it is none. */
export function amount(text: string | undefined, most: number): number {
  if (text === undefined) return most;
  const n = /^\d{1,9}$/.test(text.trim()) ? Number(text) : NaN;
  return n <= most ? n : NaN;
}
