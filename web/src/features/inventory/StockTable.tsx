import { memo } from "react";
import { cx } from "../../ui/cx";
import { useFormat } from "../../ui/format";
import { Gap } from "../../ui/Gap";
import { addressOf, Go } from "../../ui/Go";
import { Mark } from "../../ui/Mark";
import { useVirtualRows } from "../../ui/useVirtualRows";
import { t } from "../../ui/words/words";
import type { StockItem } from "../../wire/api";
import { stockoutWord } from "./stockout";

const columns = 7;
const never = (): void => undefined; // the next page is asked for by a button, because there is more below the list

/** SKUs as a table; on phones only what decides is kept: available and the time left. It is drawn when its SKUs change. */
export const StockTable = memo(function StockTable({ items }: { items: StockItem[] }) {
  const format = useFormat();
  const { rows, above, below, measure, body } = useVirtualRows<HTMLTableSectionElement>(items.length, 51, never);
  return (
    <table className="w-full border-collapse text-left max-lg:block" aria-rowcount={items.length + 1}>
      <thead className="max-lg:sr-only">
        <tr className="border-b border-line text-[12px] text-fg-3" aria-rowindex={1}>
          <th className="px-4 py-2.5 font-medium">{t.inventory.sku}</th>
          <th className="px-3 py-2.5 text-right font-medium">{t.inventory.available}</th>
          <th className="px-3 py-2.5 text-right font-medium max-xl:hidden">{t.inventory.onHand}</th>
          <th className="px-3 py-2.5 text-right font-medium max-xl:hidden">{t.inventory.reserved}</th>
          <th className="px-3 py-2.5 text-right font-medium">{t.inventory.velocity1}</th>
          <th className="px-3 py-2.5 text-right font-medium max-xl:hidden">{t.inventory.velocity24}</th>
          <th className="px-4 py-2.5 font-medium">{t.inventory.stockout}</th>
        </tr>
      </thead>
      <tbody className="max-lg:block" ref={body}>
        <Gap height={above} columns={columns} />
        {rows.map(({ index }) => {
          const item = items[index];
          if (!item) return null;
          return (
            <tr
              key={item.sku}
              ref={measure}
              data-index={index}
              aria-rowindex={index + 2}
              className="relative border-b border-line last:border-0 hover:bg-surface-2 max-lg:grid max-lg:grid-cols-[1fr_auto] max-lg:gap-x-3 max-lg:px-4 max-lg:py-2"
              data-c="stock-row"
              data-sku={item.sku}
            >
              <td className="min-w-0 py-1.5 lg:h-12 lg:max-w-80 lg:px-4">
                <Go href={addressOf("/inventory", item.sku)} className="block truncate font-medium after:absolute after:inset-0 hover:text-accent">
                  {item.name === "" ? item.sku : item.name}
                </Go>
                <span className="block font-mono text-[12px] text-fg-3">{item.sku}</span>
                {item.made_of !== "" && (
                  <span className="block truncate text-[12px] text-fg-3" data-c="made-of">
                    {t.bundle.of(item.made_of)}
                  </span>
                )}
              </td>
              <td
                className={cx(
                  "text-right text-[16px] font-semibold tabular-nums max-lg:self-center lg:px-3",
                  item.severity === "critical" ? "text-crit" : item.severity === "warning" ? "text-warn" : "text-fg",
                )}
              >
                {format.count(item.available)}
              </td>
              <td className="text-right text-fg-2 tabular-nums max-xl:hidden lg:px-3">{item.made_of === "" ? format.count(item.on_hand) : t.bundle.none}</td>
              <td className="text-right text-fg-2 tabular-nums max-xl:hidden lg:px-3">{item.made_of === "" ? format.count(item.reserved) : t.bundle.none}</td>
              <td className="text-fg-2 tabular-nums max-lg:hidden lg:px-3 lg:text-right">{format.rate(item.velocity_1h)}</td>
              <td className="text-right text-fg-2 tabular-nums max-xl:hidden lg:px-3">{format.rate(item.velocity_24h)}</td>
              <td className="max-lg:order-last max-lg:col-span-2 lg:px-4">
                <Mark state={item.severity} word={stockoutWord(item, format)} wrap />
                {item.waiting_orders > 0 && (
                  <span className="ml-3 text-[12px] text-fg-3 tabular-nums lg:ml-0 lg:block">{t.command.waiting(item.waiting_orders)}</span>
                )}
              </td>
            </tr>
          );
        })}
        <Gap height={below} columns={columns} />
      </tbody>
    </table>
  );
});
