import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { Money, OrderLine } from "../../wire/api";
import { ProductName } from "./ProductName";

interface OrderLinesProps {
  lines: OrderLine[];
  total: Money;
  /** Codes that wait for a SKU. */
  unknown: string[];
}

/** What was bought, of an order that its channel lists as it was placed. */
export function OrderLines({ lines, total, unknown }: OrderLinesProps) {
  const format = useFormat();
  return (
    <table className="w-full border-collapse text-left text-[13px]">
      <thead>
        <tr className="border-b border-line text-[12px] text-fg-3">
          <th className="py-2 pr-3 font-medium">{t.orders.product}</th>
          <th className="px-3 py-2 text-right font-medium">{t.orders.quantity}</th>
          <th className="px-3 py-2 text-right font-medium max-md:hidden">{t.orders.price}</th>
          <th className="py-2 pl-3 text-right font-medium">{t.orders.lineTotal}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line, i) => (
          <tr key={`${line.listing}-${i}`} className="border-b border-line align-top">
            <td className="py-2 pr-3">
              <ProductName line={line} unknown={unknown} />
            </td>
            <td className="px-3 py-2 text-right tabular-nums">{format.count(line.quantity)}</td>
            <td className="px-3 py-2 text-right text-fg-2 tabular-nums max-md:hidden">{format.money(line.price)}</td>
            <td className="py-2 pl-3 text-right tabular-nums">{format.money(line.total)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr className="font-semibold">
          <td className="pt-2">{t.orders.amount}</td>
          <td className="px-3 pt-2 text-right tabular-nums">{format.count(lines.reduce((sum, line) => sum + line.quantity, 0))}</td>
          <td className="max-md:hidden" />
          <td className="pt-2 pl-3 text-right tabular-nums">{format.money(total)}</td>
        </tr>
      </tfoot>
    </table>
  );
}
