import { Link } from "@tanstack/react-router";
import { cx } from "../../ui/cx";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { t } from "../../ui/words/words";
import type { StockItem } from "../../wire/api";

/** SKUs as a table; on phones only what decides is kept: available and the time left. */
export function StockTable({ items }: { items: StockItem[] }) {
  const format = useFormat();
  return (
    <table className="w-full border-collapse text-left max-md:block">
      <thead className="max-md:sr-only">
        <tr className="border-b border-line text-[12px] text-fg-3">
          <th className="px-4 py-2.5 font-medium">{t.inventory.sku}</th>
          <th className="px-3 py-2.5 text-right font-medium">{t.inventory.available}</th>
          <th className="px-3 py-2.5 text-right font-medium max-lg:hidden">{t.inventory.onHand}</th>
          <th className="px-3 py-2.5 text-right font-medium max-lg:hidden">{t.inventory.reserved}</th>
          <th className="px-3 py-2.5 text-right font-medium">{t.inventory.velocity1}</th>
          <th className="px-3 py-2.5 text-right font-medium max-lg:hidden">{t.inventory.velocity24}</th>
          <th className="px-4 py-2.5 font-medium">{t.inventory.stockout}</th>
        </tr>
      </thead>
      <tbody className="max-md:block">
        {items.map((item) => (
          <tr
            key={item.sku}
            className="relative border-b border-line last:border-0 hover:bg-surface-2 max-md:grid max-md:grid-cols-[1fr_auto] max-md:gap-x-3 max-md:px-4 max-md:py-2"
            data-c="stock-row"
            data-sku={item.sku}
          >
            <td className="min-w-0 py-1.5 md:h-12 md:max-w-80 md:px-4">
              <Link
                to="/inventory/$sku"
                params={{ sku: item.sku }}
                className="block truncate font-medium after:absolute after:inset-0 hover:text-accent"
              >
                {item.name === "" ? item.sku : item.name}
              </Link>
              <span className="block font-mono text-[12px] text-fg-3">{item.sku}</span>
            </td>
            <td
              className={cx(
                "text-right text-[16px] font-semibold tabular-nums max-md:self-center md:px-3",
                item.severity === "critical" ? "text-crit" : item.severity === "warning" ? "text-warn" : "text-fg",
              )}
            >
              {format.count(item.available)}
            </td>
            <td className="text-right text-fg-2 tabular-nums max-lg:hidden md:px-3">{format.count(item.on_hand)}</td>
            <td className="text-right text-fg-2 tabular-nums max-lg:hidden md:px-3">{format.count(item.reserved)}</td>
            <td className="text-fg-2 tabular-nums max-md:hidden md:px-3 md:text-right">{format.rate(item.velocity_1h)}</td>
            <td className="text-right text-fg-2 tabular-nums max-lg:hidden md:px-3">{format.rate(item.velocity_24h)}</td>
            <td className="max-md:order-last max-md:col-span-2 md:px-4">
              <Mark state={item.severity} word={item.stockout_text} />
              {item.waiting_orders > 0 && (
                <span className="ml-3 text-[12px] text-fg-3 tabular-nums md:ml-0 md:block">{t.command.waiting(item.waiting_orders)}</span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
