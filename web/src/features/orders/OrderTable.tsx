import { Link } from "@tanstack/react-router";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { t } from "../../ui/words/words";
import type { OrderItem } from "../../wire/api";
import { orderState } from "./state";

/** Orders as a table; on phones each row becomes two lines. */
export function OrderTable({ orders }: { orders: OrderItem[] }) {
  const format = useFormat();
  return (
    <table className="w-full border-collapse text-left max-md:block">
      <thead className="max-md:sr-only">
        <tr className="border-b border-line text-[12px] text-fg-3">
          <th className="px-4 py-2.5 font-medium">{t.orders.order}</th>
          <th className="px-3 py-2.5 font-medium">{t.orders.state}</th>
          <th className="px-3 py-2.5 text-right font-medium">{t.orders.units}</th>
          <th className="px-3 py-2.5 text-right font-medium">{t.orders.amount}</th>
          <th className="px-4 py-2.5 text-right font-medium">{t.orders.placed}</th>
        </tr>
      </thead>
      <tbody className="max-md:block">
        {orders.map((order) => {
          const { state, word } = orderState(order);
          return (
            <tr
              key={order.id}
              className="relative border-b border-line last:border-0 hover:bg-surface-2 max-md:grid max-md:grid-cols-[1fr_auto] max-md:gap-x-3 max-md:px-4 max-md:py-2"
              data-c="order-row"
              data-order={order.id}
            >
              <td className="py-2.5 md:h-12 md:px-4">
                <Link
                  to="/orders/$id"
                  params={{ id: order.id }}
                  className="font-mono text-[13px] text-fg after:absolute after:inset-0 hover:text-accent"
                >
                  {order.channel_id}
                </Link>
              </td>
              <td className="self-center max-md:justify-self-end md:px-3">
                <Mark state={state} word={word} />
              </td>
              <td className="text-fg-2 tabular-nums max-md:hidden md:px-3 md:text-right">{format.count(order.units)}</td>
              <td className="tabular-nums max-md:order-last max-md:justify-self-end md:px-3 md:text-right">{format.money(order.total)}</td>
              <td className="text-fg-3 tabular-nums max-md:text-[13px] md:px-4 md:text-right">
                <time dateTime={order.placed_at} title={format.dateTime(order.placed_at)}>{format.stamp(order.placed_at)}</time>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
