import { Link } from "@tanstack/react-router";
import { Clock, Hourglass, TrendingUp } from "lucide-react";
import { useCallback } from "react";
import { useTopic } from "../../sync/hooks";
import { AnimatedNumber } from "../../ui/AnimatedNumber";
import { Card } from "../../ui/Card";
import { cx } from "../../ui/cx";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { addressOf, Go } from "../../ui/Go";
import { Skeleton } from "../../ui/Skeleton";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/first";
import type { StockItem } from "../../wire/api";
import { criticalStock } from "../../wire/topics";

/** What runs out next, most urgent first. */
export function CriticalStockCard() {
  const { value, position, problem, retry } = useTopic(criticalStock);
  const format = useFormat();
  const more = value ? value.total - value.items.length : 0;
  return (
    <Card
      title={t.command.critical}
      name="i3"
      aside={
        <Link to="/inventory" search={more > 0 ? { critical: true } : {}} className="-my-2 inline-flex min-h-9 items-center text-accent hover:underline max-md:min-h-11">
          {value && more > 0 ? t.command.allCritical(format.count(value.total)) : t.command.allInventory}
        </Link>
      }
    >
      {problem && <Trouble problem={problem} kept={value !== undefined} retry={retry} />}
      <div className="flex min-h-[288px] flex-col" data-position={position < 0 ? undefined : position}>
        {value === undefined && !problem && <Loading />}
        {value?.items.length === 0 && <Empty title={t.command.criticalEmpty} why={t.command.criticalEmptyWhy} />}
        {value && value.items.length > 0 && (
          <ul className="-mx-2 flex flex-col">
            {value.items.map((item) => (
              <CriticalRow key={item.sku} item={item} />
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}

function Loading() {
  return (
    <div className="flex flex-col">
      {[0, 1, 2, 3, 4].map((i) => (
        <div key={i} className="flex h-[58px] items-center">
          <Skeleton className="h-9 w-full" />
        </div>
      ))}
    </div>
  );
}

/** Why a SKU is on the list: when it runs out, or that orders wait although nothing sells. */
function urgency(item: StockItem, waits: string | undefined, outIn: (seconds: number) => string): string {
  if (item.stockout_seconds !== null && item.stockout_seconds > 0) return outIn(item.stockout_seconds);
  if (item.available > 0 && waits !== undefined) return waits;
  return item.stockout_text;
}

function CriticalRow({ item }: { item: StockItem }) {
  const format = useFormat();
  const count = useCallback((n: number) => [format.count(n), ""] as const, [format]);
  const hot = item.severity === "critical";
  const waits = item.waiting_orders > 0 ? t.command.waiting(item.waiting_orders) : undefined;
  const out = urgency(item, waits, (seconds) => t.command.outIn(format.ahead(seconds)));
  const h1 = format.rate(item.velocity_1h);
  const h24 = format.rate(item.velocity_24h);
  return (
    <li className="border-b border-line last:border-0">
      <Go
        href={addressOf("/inventory", item.sku)}
        className="press flex min-h-[57px] items-center gap-3 rounded-control px-2 py-1.5 hover:bg-surface-2"
        data-c="critical-row"
        data-sku={item.sku}
      >
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className="truncate font-medium">{item.name === "" ? item.sku : item.name}</span>
            <span className="shrink-0 font-mono text-[12px] text-fg-3">{item.name === "" ? "" : item.sku}</span>
          </span>
          <span className="mt-0.5 flex flex-wrap items-center gap-x-2.5 text-[12px] text-fg-3 tabular-nums">
            <span className={cx("inline-flex items-center gap-1 font-medium", hot ? "text-crit" : "text-warn")} data-c="stockout">
              <Clock className="size-3.5" aria-hidden="true" />
              {out}
            </span>
            <span className="inline-flex items-center gap-1" title={t.command.perHourLabel(h1, h24)} data-c="velocity">
              <TrendingUp className="size-3.5" aria-hidden="true" />
              {t.command.perHour(h1, h24)}
            </span>
          </span>
        </span>
        <span className="shrink-0 text-right">
          <AnimatedNumber
            value={item.available}
            parts={count}
            className={cx("tint block text-[20px] leading-6 font-bold", hot ? "text-crit" : "text-warn")}
          />
          <span className="block text-[12px] whitespace-nowrap text-fg-3 tabular-nums" title={waits}>
            {t.command.left}
            {item.waiting_orders > 0 && out !== waits && (
              <>
                <Hourglass className="mr-0.5 ml-1.5 inline size-3 align-[-1px]" aria-hidden="true" />
                <span aria-hidden="true">{format.count(item.waiting_orders)}</span>
                <span className="sr-only">{waits}</span>
              </>
            )}
          </span>
        </span>
      </Go>
    </li>
  );
}
