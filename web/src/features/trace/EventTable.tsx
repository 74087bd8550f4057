import { Link } from "@tanstack/react-router";
import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { LogEvent } from "../../wire/api";

/** Events as a table; on phones each row becomes two lines. A stream leads to all of its events. */
export function EventTable({ events }: { events: LogEvent[] }) {
  const format = useFormat();
  return (
    <table className="w-full border-collapse text-left max-lg:block">
      <thead className="max-lg:sr-only">
        <tr className="border-b border-line text-[12px] text-fg-3">
          <th className="px-4 py-2.5 text-right font-medium">{t.explorer.position}</th>
          <th className="px-3 py-2.5 font-medium">{t.explorer.what}</th>
          <th className="px-3 py-2.5 font-medium">{t.explorer.where}</th>
          <th className="px-3 py-2.5 font-medium">{t.explorer.who}</th>
          <th className="px-4 py-2.5 text-right font-medium">{t.explorer.when}</th>
        </tr>
      </thead>
      <tbody className="max-lg:block">
        {events.map((event) => (
          <tr
            key={event.position}
            className="border-b border-line text-[13px] last:border-0 hover:bg-surface-2 max-lg:grid max-lg:grid-cols-[auto_1fr_auto] max-lg:items-center max-lg:gap-x-3 max-lg:px-4 max-lg:py-1.5"
            data-c="event-row"
            data-position={event.position}
          >
            <td className="tabular-nums lg:px-4 lg:py-2 lg:text-right">
              <Link
                to="/events/$position"
                params={{ position: String(event.position) }}
                aria-label={t.trace.causeEvent(format.count(event.position))}
                className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11"
              >
                {format.count(event.position)}
              </Link>
            </td>
            <td className="font-mono [overflow-wrap:anywhere] lg:px-3">{event.name}</td>
            <td className="max-lg:order-last max-lg:col-span-3 lg:px-3">
              <Link
                to="/events"
                search={{ stream: event.stream }}
                title={t.explorer.only(event.stream)}
                className="inline-flex min-h-6 items-center font-mono text-[12px] text-fg-2 [overflow-wrap:anywhere] hover:text-accent hover:underline max-md:min-h-11"
              >
                {event.stream}
              </Link>
            </td>
            <td className="text-fg-3 [overflow-wrap:anywhere] max-lg:hidden lg:px-3">{event.actor}</td>
            <td className="text-fg-3 tabular-nums lg:px-4 lg:text-right lg:whitespace-nowrap">
              <time dateTime={event.at} title={format.dateTime(event.at)}>
                {format.stamp(event.at)}
              </time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
