import { useFormat } from "../../ui/format";
import { addressOf, Go } from "../../ui/Go";
import { Mark } from "../../ui/Mark";
import { t, wordOf } from "../../ui/words/words";
import type { FlowItem } from "../../wire/api";

/** Flows as a table; on phones each row becomes a few lines. */
export function FlowTable({ flows }: { flows: FlowItem[] }) {
  const format = useFormat();
  return (
    <table className="w-full border-collapse text-left max-lg:block">
      <thead className="max-lg:sr-only">
        <tr className="border-b border-line text-[12px] text-fg-3">
          <th className="px-4 py-2.5 font-medium">{t.flows.order}</th>
          <th className="px-3 py-2.5 font-medium">{t.flows.state}</th>
          <th className="px-3 py-2.5 font-medium">{t.flows.what}</th>
          <th className="px-4 py-2.5 text-right font-medium">{t.flows.updated}</th>
        </tr>
      </thead>
      <tbody className="max-lg:block">
        {flows.map((flow) => (
          <tr
            key={flow.id}
            className="relative border-b border-line last:border-0 hover:bg-surface-2 max-lg:grid max-lg:grid-cols-[1fr_auto] max-lg:gap-x-3 max-lg:px-4 max-lg:py-2"
            data-c="flow-row"
            data-flow={flow.id}
          >
            <td className="py-2.5 align-top lg:px-4">
              <Go href={addressOf("/orders", flow.subject)} className="font-mono text-[13px] text-fg after:absolute after:inset-0 hover:text-accent lg:whitespace-nowrap">
                {numberOf(flow.subject)}
              </Go>
            </td>
            <td className="py-2.5 align-top max-lg:justify-self-end lg:px-3">
              <Mark state={flow.state} word={wordOf(t.state, flow.state)} />
            </td>
            <td className="text-[13px] text-fg-2 max-lg:order-last max-lg:col-span-2 lg:px-3 lg:py-2.5">
              {flow.state === "finished" || flow.state === "undone" ? (
                t.orders.flowSentence[flow.state]
              ) : (
                <span className="text-fg">{wordOf({}, flow.step)}</span>
              )}
              {flow.attempts > 1 && <span className="text-fg-3"> · {t.flows.attempt(format.count(flow.attempts))}</span>}
              {flow.wake_at !== null && <span className="text-fg-3"> · {t.flows.wakes(format.stamp(flow.wake_at))}</span>}
              {flow.sentence !== "" && <span className="block [overflow-wrap:anywhere]">{flow.sentence}</span>}
            </td>
            <td className="text-fg-3 tabular-nums max-lg:text-[13px] lg:px-4 lg:py-2.5 lg:text-right lg:align-top lg:whitespace-nowrap">
              <time dateTime={flow.updated_at} title={format.dateTime(flow.updated_at)}>
                {format.stamp(flow.updated_at)}
              </time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The channel's own number of an order: what stands behind the connection. */
function numberOf(order: string): string {
  return order.slice(order.indexOf(":") + 1);
}
