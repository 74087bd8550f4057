import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useFormat } from "../../ui/format";
import { Raw } from "../../ui/Raw";
import { t, wordOf } from "../../ui/words/words";
import type { LogEvent } from "../../wire/api";

/** The events of an order, the newest first. Each opens in place and links to its own page and its raw webhook. */
export function OrderEvents({ events, placedAt }: { events: LogEvent[]; placedAt: string }) {
  const format = useFormat();
  const newest = [...events].sort((a, b) => b.position - a.position);
  return (
    <>
      <p className="-mt-2 mb-2 text-[13px] text-fg-3">{t.orders.eventsLead}</p>
      <ul className="flex flex-col">
        {newest.map((event) => (
          <li key={event.position} className="border-b border-line last:border-0">
            <details className="group">
              <summary className="flex min-h-10 cursor-pointer list-none flex-wrap items-center gap-x-3 py-1.5 text-[13px] max-md:min-h-11 [&::-webkit-details-marker]:hidden">
                <ChevronRight className="size-4 shrink-0 text-fg-3 transition-transform duration-100 group-open:rotate-90" aria-hidden="true" />
                <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
                  <span className="font-mono">{event.name}</span> <span className="text-fg-3">{stepOf(event)}</span>
                </span>
                <time dateTime={event.at} title={format.dateTime(event.at)} className="text-fg-3 tabular-nums">
                  {format.near(event.at, placedAt)}
                </time>
              </summary>
              <div className="pb-3 pl-7">
                <p className="mb-2 flex flex-wrap gap-x-4 gap-y-1 text-[13px]">
                  <Link to="/events/$position" params={{ position: String(event.position) }} className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11">
                    {t.trace.causeEvent(String(event.position))}
                  </Link>
                  {event.inbox > 0 && (
                    <Link to="/inbox/$number" params={{ number: String(event.inbox) }} className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11">
                      {t.trace.rawLink(String(event.inbox))}
                    </Link>
                  )}
                  <span className="text-fg-3 [overflow-wrap:anywhere]">{event.actor}</span>
                </p>
                <Raw text={JSON.stringify(event.data, null, 2)} label={t.trace.data} />
              </div>
            </details>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Which step an event of the flow is about; without it seven of them look alike. */
function stepOf({ data }: LogEvent): string {
  const { step } = (data ?? {}) as { step?: unknown };
  return typeof step === "string" && step !== "" ? wordOf({}, step) : "";
}
