import { memo } from "react";
import { useFormat } from "../../ui/format";
import { Gap } from "../../ui/Gap";
import { addressOf, Go } from "../../ui/Go";
import { Mark } from "../../ui/Mark";
import { Tick } from "../../ui/Tick";
import { useVirtualRows } from "../../ui/useVirtualRows";
import { t } from "../../ui/words/words";
import type { OrderItem } from "../../wire/api";
import { orderState } from "./state";

interface OrderTableProps {
  orders: OrderItem[];
  chosen: Set<string>;
  onChosen: (ids: Set<string>) => void;
  /** The end of the list comes near. */
  near: () => void;
}

/**
 * Orders as a table, to be chosen one by one or all that are shown; on phones each row becomes two lines. It is drawn when its orders
 * change, and not with every figure of the page around it.
 */
export const OrderTable = memo(function OrderTable({ orders, chosen, onChosen, near }: OrderTableProps) {
  const format = useFormat();
  const { rows, above, below, measure, body } = useVirtualRows<HTMLTableSectionElement>(orders.length, 48, near);
  const all = orders.every(({ id }) => chosen.has(id));
  const choose = (ids: string[], on: boolean): void => {
    const next = new Set(chosen);
    for (const id of ids) {
      if (on) next.add(id);
      else next.delete(id);
    }
    onChosen(next);
  };
  return (
    <table className="w-full border-collapse text-left max-lg:block" aria-rowcount={orders.length + 1}>
      <thead className="max-lg:sr-only">
        <tr className="border-b border-line text-[12px] text-fg-3" aria-rowindex={1}>
          <th className="w-10 py-2.5 pl-4 font-medium max-lg:hidden">
            <Tick label={t.orders.bulk.all} checked={all} onChange={(on) => choose(orders.map(({ id }) => id), on)} />
          </th>
          <th className="px-3 py-2.5 font-medium">{t.orders.order}</th>
          <th className="px-3 py-2.5 font-medium">{t.orders.state}</th>
          <th className="px-3 py-2.5 text-right font-medium">{t.orders.units}</th>
          <th className="px-3 py-2.5 text-right font-medium">{t.orders.amount}</th>
          <th className="px-4 py-2.5 text-right font-medium">{t.orders.placed}</th>
        </tr>
      </thead>
      <tbody className="max-lg:block" ref={body}>
        <Gap height={above} columns={6} />
        {rows.map(({ index }) => {
          const order = orders[index];
          if (!order) return null;
          const { state, word } = orderState(order);
          return (
            <tr
              key={order.id}
              ref={measure}
              data-index={index}
              aria-rowindex={index + 2}
              className="relative border-b border-line last:border-0 hover:bg-surface-2 max-lg:grid max-lg:grid-cols-[auto_1fr_auto] max-lg:gap-x-3 max-lg:px-4 max-lg:py-2"
              data-c="order-row"
              data-order={order.id}
            >
              <td className="self-center max-lg:row-span-2 lg:pl-4">
                <Tick label={t.orders.bulk.one(order.channel_id)} checked={chosen.has(order.id)} onChange={(on) => choose([order.id], on)} />
              </td>
              <td className="py-2.5 lg:h-12 lg:px-3">
                <Go href={addressOf("/orders", order.id)} className="font-mono text-[13px] text-fg after:absolute after:inset-0 hover:text-accent">
                  {order.channel_id}
                </Go>
              </td>
              <td className="self-center max-lg:justify-self-end lg:px-3">
                <Mark state={state} word={word} wrap />
              </td>
              <td className="text-fg-2 tabular-nums max-lg:hidden lg:px-3 lg:text-right">{format.count(order.units)}</td>
              <td className="tabular-nums max-lg:order-last max-lg:justify-self-end lg:px-3 lg:text-right">{format.money(order.total)}</td>
              <td className="text-fg-3 tabular-nums max-lg:text-[13px] lg:px-4 lg:text-right">
                <time dateTime={order.placed_at} title={format.dateTime(order.placed_at)}>{format.stamp(order.placed_at)}</time>
              </td>
            </tr>
          );
        })}
        <Gap height={below} columns={6} />
      </tbody>
    </table>
  );
});
