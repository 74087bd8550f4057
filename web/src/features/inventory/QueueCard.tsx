import { Link } from "@tanstack/react-router";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { StockDetail } from "../../wire/api";

/** Who waits in turn for a SKU, and how many units must still come for each. */
export function QueueCard({ stock }: { stock: StockDetail }) {
  const format = useFormat();
  const { orders, units, places } = stock.queue;
  return (
    <Card title={t.backorders.queue} aside={t.backorders.waits(format.count(orders), orders, format.count(units))} name="queue">
      <ol className="flex flex-col text-[13px]">
        {places.map((place) => (
          <li key={place.order} className="flex flex-col border-b border-line py-1 last:border-0" data-c="queue-place">
            <span className="flex items-center justify-between gap-3">
              <Link
                to="/orders/$id"
                params={{ id: place.order }}
                className="inline-flex min-h-7 min-w-0 items-center truncate font-mono text-accent hover:underline max-md:min-h-11"
              >
                {`${format.count(place.position)}. ${place.order.slice(place.order.indexOf(":") + 1)}`}
              </Link>
              <span className="shrink-0 text-fg-2 tabular-nums">{t.backorders.wants(format.count(place.units), place.units)}</span>
            </span>
            <span className="text-[12px] text-fg-3 tabular-nums">
              {place.missing === 0 ? t.backorders.there : t.backorders.missing(format.count(place.missing), place.missing)}
            </span>
            {place.moved_by !== "" && <span className="text-[12px] text-fg-3 [overflow-wrap:anywhere]">{t.backorders.movedBy(place.moved_by, place.why)}</span>}
          </li>
        ))}
      </ol>
      {orders > places.length && <p className="mt-2 text-[12px] text-fg-3">{t.backorders.more(format.count(orders - places.length))}</p>}
    </Card>
  );
}
