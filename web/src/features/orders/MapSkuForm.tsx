import { useCommand } from "../../sync/command";
import { SkuForm } from "../../ui/SkuForm";
import { t } from "../../ui/words/words";

/** Gives a listing's code one of our SKUs; the one action that lets an order with an unknown SKU go on. */
export function MapSkuForm({ connection, code }: { connection: string; code: string }) {
  const { state, run } = useCommand("map-sku");
  return (
    <section className="rounded-card border border-warn-line bg-warn-soft p-4" aria-label={t.orders.mapTitle} data-c="map-sku">
      <h2 className="text-[15px] font-semibold">{t.orders.mapTitle}</h2>
      <p className="text-[13px] text-fg-2">{t.orders.mapLead}</p>
      <SkuForm
        label={t.orders.mapSku(code)}
        proposed={code}
        does={t.orders.mapDo}
        tone="primary"
        state={state}
        done={t.orders.mapped}
        choose={(sku) => void run({ connection, code, sku })}
      />
    </section>
  );
}
