import { useFormat } from "../../ui/format";
import { addressOf, Go } from "../../ui/Go";
import { t, wordOf } from "../../ui/words/words";
import type { SignalDay } from "../../wire/api";

interface SignalTableProps {
  days: SignalDay[];
  /** What a source or shop is called, by its id. */
  nameOf: (id: string) => string;
}

/** Signals by day as a table; on phones each row becomes two lines. The count leads to the latest one's event, and to its words. */
export function SignalTable({ days, nameOf }: SignalTableProps) {
  const format = useFormat();
  return (
    <table className="w-full border-collapse text-left max-lg:block">
      <thead className="max-lg:sr-only">
        <tr className="border-b border-line text-[12px] text-fg-3">
          <th className="px-4 py-2.5 font-medium">{t.signals.day}</th>
          <th className="px-3 py-2.5 font-medium">{t.signals.sku}</th>
          <th className="px-3 py-2.5 font-medium">{t.signals.source}</th>
          <th className="px-4 py-2.5 text-right font-medium">{t.signals.count}</th>
        </tr>
      </thead>
      <tbody className="max-lg:block">
        {days.map((day) => (
          <tr
            key={[day.day, day.sku, day.connection, day.kind].join("\n")}
            className="border-b border-line text-[13px] last:border-0 max-lg:grid max-lg:grid-cols-[1fr_auto] max-lg:gap-x-3 max-lg:px-4 max-lg:py-1"
            data-c="signal-row"
          >
            <td className="text-fg-3 tabular-nums max-lg:order-3 lg:px-4 lg:py-2.5 lg:whitespace-nowrap">
              <time dateTime={day.last_at} title={format.dateTime(day.last_at)}>
                {format.day(day.last_at)}
              </time>
            </td>
            <td className="min-w-0 max-lg:order-1 lg:px-3">
              {day.sku === "" ? (
                <span className="inline-flex min-h-9 items-center text-fg-3 max-md:min-h-11">{t.signals.none}</span>
              ) : (
                <Go href={addressOf("/inventory", day.sku)} className="inline-flex min-h-9 max-w-full items-center font-mono [overflow-wrap:anywhere] text-accent hover:underline max-md:min-h-11">
                  {day.sku}
                </Go>
              )}
            </td>
            <td className="text-fg-2 [overflow-wrap:anywhere] max-lg:order-4 max-lg:text-right lg:px-3">
              {nameOf(day.connection)} · {wordOf(t.signals.kinds, day.kind)}
            </td>
            <td className="max-lg:order-2 lg:px-4 lg:text-right">
              <Go
                href={addressOf("/events", String(day.event_position))}
                className="inline-flex min-h-9 min-w-9 items-center justify-end font-medium text-accent tabular-nums hover:underline max-md:min-h-11 max-md:min-w-11"
                aria-label={t.signals.latest(format.count(day.count), day.count)}
              >
                {format.count(day.count)}
              </Go>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
