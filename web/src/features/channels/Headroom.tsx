import { Link } from "@tanstack/react-router";
import { cx } from "../../ui/cx";
import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { Connection } from "../../wire/api";

type Figures = NonNullable<Connection["headroom"]>;
type Rate = Figures["late_dispatch"];

const inks: Record<Rate["mood"], string> = { unknown: "text-fg-3", calm: "text-fg-2", near: "text-warn", beyond: "text-crit" };

/** How close a shop is to what its channel punishes, and the orders that come next. Quiet until it matters. */
export function Headroom({ figures }: { figures: Figures }) {
  const format = useFormat();
  const { late_dispatch, cancelled_by_seller, late_soon, late_soon_more } = figures;
  const soon = late_soon.length + late_soon_more;
  return (
    <section className="mt-3 border-t border-line pt-3" data-c="headroom" aria-label={t.channels.headroom}>
      <h3 className="text-[13px] font-medium">{t.channels.headroom}</h3>
      <Line name={t.channels.lateDispatch} rate={late_dispatch} />
      <Line name={t.channels.sellerCancelled} rate={cancelled_by_seller} />
      {soon > 0 && (
        <div className="mt-2 text-[13px]" data-c="late-soon">
          <p className="text-warn">{t.channels.lateSoon(format.count(soon), soon)}</p>
          <ul className="mt-1 flex flex-wrap gap-x-4 gap-y-1">
            {late_soon.map(({ id, channel_id, due_at }) => (
              <li key={id}>
                <Link to="/orders/$id" params={{ id }} className="inline-flex min-h-6 items-center font-mono text-[12px] text-accent hover:underline max-md:min-h-11">
                  {channel_id}
                </Link>{" "}
                <span className="text-fg-3 tabular-nums">{format.stamp(due_at)}</span>
              </li>
            ))}
          </ul>
          {late_soon_more > 0 && <p className="text-fg-3">{t.channels.lateSoonMore(format.count(late_soon_more))}</p>}
        </div>
      )}
    </section>
  );
}

function Line({ name, rate }: { name: string; rate: Rate }) {
  return (
    <p className={cx("mt-1 text-[13px] tabular-nums [overflow-wrap:anywhere]", inks[rate.mood])} data-mood={rate.mood}>
      <span className="font-medium">{name}:</span> {rate.sentence}
    </p>
  );
}
