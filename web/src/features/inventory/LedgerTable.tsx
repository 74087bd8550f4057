import { Link } from "@tanstack/react-router";
import { useFormat } from "../../ui/format";
import { t, wordOf } from "../../ui/words/words";
import type { LedgerRow } from "../../wire/api";

/** Rows of the ledger: what moved, what it left, and what caused it. */
export function LedgerTable({ rows }: { rows: LedgerRow[] }) {
  const format = useFormat();
  return (
    <table className="w-full border-collapse text-left text-[13px] max-lg:block">
      <thead className="max-lg:sr-only">
        <tr className="border-b border-line text-[12px] whitespace-nowrap text-fg-3">
          <th className="py-2 pr-3 font-medium">{t.inventory.when}</th>
          <th className="px-2 py-2 font-medium">{t.inventory.movement}</th>
          <th className="px-2 py-2 text-right font-medium">{t.inventory.change}</th>
          <th className="px-2 py-2 text-right font-medium">{t.inventory.onHand}</th>
          <th className="px-2 py-2 text-right font-medium">{t.inventory.reserved}</th>
          <th className="px-2 py-2 text-right font-medium">{t.inventory.available}</th>
          <th className="py-2 pl-4 font-medium">{t.inventory.cause}</th>
        </tr>
      </thead>
      <tbody className="max-lg:block">
        {rows.map((row) => (
          <tr
            key={row.entry}
            className="border-b border-line align-top last:border-0 max-lg:grid max-lg:grid-cols-[1fr_auto] max-lg:gap-x-3 max-lg:py-2"
            data-c="ledger-row"
            data-entry={row.entry}
          >
            <td className="whitespace-nowrap text-fg-3 tabular-nums max-lg:order-3 lg:py-2 lg:pr-3">
              <time dateTime={row.at} title={format.dateTime(row.at)}>
                {format.stamp(row.at)}
              </time>
            </td>
            <td className="max-lg:order-1 lg:px-2 lg:py-2">
              {wordOf(t.inventory.kinds, row.kind)}
              {row.location !== "" && <span className="block text-[12px] text-fg-3">{row.from === "" ? row.location : t.places.movedWay(row.from, row.location)}</span>}
              {row.reason !== "" && <span className="block text-[12px] text-fg-3 [overflow-wrap:anywhere]">{row.reason}</span>}
            </td>
            <td className="text-right font-semibold tabular-nums max-lg:order-2 lg:px-2 lg:py-2">{format.signed(row.quantity)}</td>
            <td className="text-right text-fg-2 tabular-nums max-lg:hidden lg:px-2 lg:py-2">{format.count(row.on_hand)}</td>
            <td className="text-right text-fg-2 tabular-nums max-lg:hidden lg:px-2 lg:py-2">{format.count(row.reserved)}</td>
            <td className="text-right tabular-nums max-lg:hidden lg:px-2 lg:py-2">{format.count(row.available)}</td>
            <td className="order-4 col-span-2 text-[12px] text-fg-3 tabular-nums lg:hidden">
              {t.inventory.after(format.count(row.on_hand), format.count(row.reserved), format.count(row.available))}
            </td>
            <td className="max-lg:order-5 max-lg:col-span-2 lg:py-2 lg:pl-4">
              <span className="flex flex-wrap items-center gap-x-3 min-[1440px]:flex-nowrap min-[1440px]:whitespace-nowrap">
                <Link
                  to="/events/$position"
                  params={{ position: String(row.event_position) }}
                  className="inline-flex min-h-6 items-center text-accent hover:underline max-lg:min-h-11"
                >
                  {t.inventory.event(String(row.event_position))}
                </Link>
                {row.order !== "" && (
                  <Link
                    to="/orders/$id"
                    params={{ id: row.order }}
                    className="inline-flex min-h-6 items-center font-mono text-[12px] text-accent hover:underline max-lg:min-h-11"
                  >
                    {row.order.slice(row.order.indexOf(":") + 1)}
                  </Link>
                )}
                {row.order === "" && row.actor !== "" && <span className="text-[12px] text-fg-3">{row.actor}</span>}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
