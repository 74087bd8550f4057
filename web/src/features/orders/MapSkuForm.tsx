import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";

/** Gives a listing's code one of our SKUs; the one action that lets an order with an unknown SKU go on. */
export function MapSkuForm({ connection, code }: { connection: string; code: string }) {
  const [sku, setSku] = useState(code);
  const { state, run } = useCommand("map-sku");
  const wanted = sku.trim().normalize("NFC");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (wanted !== "") void run({ connection, code, sku: wanted });
  };
  return (
    <section className="rounded-card border border-warn-line bg-warn-soft p-4" aria-label={t.orders.mapTitle} data-c="map-sku">
      <h2 className="text-[15px] font-semibold">{t.orders.mapTitle}</h2>
      <p className="mb-3 text-[13px] text-fg-2">{t.orders.mapLead}</p>
      <form onSubmit={submit} className="flex flex-wrap items-end gap-2">
        <Field
          label={t.orders.mapSku(code)}
          value={sku}
          onChange={(event) => setSku(event.target.value)}
          maxLength={100}
          required
          autoComplete="off"
          spellCheck={false}
          className="flex-1 basis-48"
        />
        <Button type="submit" tone="primary" busy={state.kind === "sending"}>
          {t.orders.mapDo}
        </Button>
      </form>
      <div className="mt-2">
        <Said state={state} done={t.orders.mapped} />
      </div>
    </section>
  );
}
