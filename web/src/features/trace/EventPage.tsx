import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { read } from "../../sync/http";
import { buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Facts } from "../../ui/Facts";
import { useFormat } from "../../ui/format";
import { PageHead } from "../../ui/PageHead";
import { Raw } from "../../ui/Raw";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { LogEvent } from "../../wire/api";
import { asProblem } from "../../wire/problem";
import { Back } from "./Back";
import { Changed } from "./Changed";
import { causeOf, isNumber, orderBehind, placeOfStream, webhookBehind } from "./links";

/** One event of the log, with the way up to what it changed and down to what caused it. */
export function EventPage() {
  const { position } = useParams({ from: "/shell/events/$position" });
  const known = isNumber(position);
  const wanted = Number(position);
  const found = useQuery({
    queryKey: ["event", position],
    enabled: known,
    staleTime: Infinity, // an event never changes
    queryFn: async ({ signal }) => {
      const page = await read("/api/v1/events", { query: { after: wanted - 1, limit: 1 } }, signal);
      return page.items.find((event) => event.position === wanted) ?? null;
    },
  });
  return (
    <>
      <PageHead title={t.trace.eventTitle(position)} lead={t.trace.eventLead} back={<Back />} />
      {found.error && (
        <Trouble
          problem={asProblem(found.error)}
          kept={false}
          retry={() => void found.refetch()}
        />
      )}
      {known && found.isPending && (
        <Card title={t.trace.data}>
          <Rows count={6} />
        </Card>
      )}
      {(!known || found.data === null) && (
        <section className="rounded-card border border-line bg-surface" aria-label={t.trace.eventMissing}>
          <Empty title={t.trace.eventMissing} why={t.trace.eventMissingWhy} />
        </section>
      )}
      {found.data && <Event event={found.data} />}
    </>
  );
}

function Event({ event }: { event: LogEvent }) {
  const format = useFormat();
  const { kind, id } = placeOfStream(event.stream);
  const cause = causeOf(event.cause);
  const order = event.inbox === 0 ? orderBehind(event) : "";
  const behind = useQuery({
    queryKey: ["webhook-behind", order, event.position],
    enabled: order !== "",
    queryFn: async ({ signal }) => {
      const { events } = await read("/api/v1/orders/{id}", { path: { id: order } }, signal);
      return webhookBehind(events, event.position);
    },
  });
  const inbox = event.inbox > 0 ? event.inbox : (behind.data ?? 0);
  return (
    <div className="flex flex-col gap-3 md:gap-4" data-c="event">
      <Card
        title={event.name}
        aside={
          inbox > 0 && (
            <Link to="/inbox/$number" params={{ number: String(inbox) }} className={buttonLook("primary")} data-c="raw-link">
              {t.trace.rawLink(String(inbox))}
            </Link>
          )
        }
      >
        <Facts
          rows={[
            [t.trace.at, format.dateTime(event.at)],
            [t.trace.occurred, event.occurred && format.dateTime(event.occurred)],
            [
              t.trace.stream,
              kind === "order" || kind === "fulfilment" ? (
                <Link to="/orders/$id" params={{ id }} className="inline-flex min-h-6 items-center font-mono text-[12px] text-accent hover:underline">
                  {event.stream}
                </Link>
              ) : kind === "stock" || kind === "sku" ? (
                <Link to="/inventory/$sku" params={{ sku: id }} className="inline-flex min-h-6 items-center font-mono text-[12px] text-accent hover:underline">
                  {event.stream}
                </Link>
              ) : (
                <span className="font-mono text-[12px]">{event.stream}</span>
              ),
            ],
            [t.trace.version, format.count(event.version)],
            [t.trace.actor, event.actor],
            [
              t.trace.cause,
              cause?.kind === "position" ? (
                <Link to="/events/$position" params={{ position: cause.number }} className="inline-flex min-h-6 items-center text-accent hover:underline">
                  {t.trace.causeEvent(cause.number)}
                </Link>
              ) : cause?.kind === "inbox" ? (
                <Link to="/inbox/$number" params={{ number: cause.number }} className="inline-flex min-h-6 items-center text-accent hover:underline">
                  {t.trace.rawLink(cause.number)}
                </Link>
              ) : cause?.kind === "flow" ? (
                <Link to="/orders/$id" params={{ id: cause.order }} className="inline-flex min-h-6 items-center font-mono text-[12px] text-accent hover:underline">
                  {event.cause}
                </Link>
              ) : (
                event.cause
              ),
            ],
            [
              t.trace.correlation,
              order !== "" && order === event.correlation ? (
                <Link to="/orders/$id" params={{ id: order }} className="inline-flex min-h-6 items-center font-mono text-[12px] text-accent hover:underline">
                  {order}
                </Link>
              ) : (
                event.correlation && <span className="font-mono text-[12px]">{event.correlation}</span>
              ),
            ],
          ]}
        />
      </Card>
      {behind.data === 0 && <p className="text-[13px] text-fg-3">{t.trace.noWebhook}</p>}
      <Changed event={event} />
      <Card title={t.trace.data}>
        <Raw text={JSON.stringify(event.data, null, 2)} label={t.trace.data} />
      </Card>
    </div>
  );
}
