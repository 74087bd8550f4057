import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTopic } from "../../sync/hooks";
import { read } from "../../sync/http";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Facts } from "../../ui/Facts";
import { useFormat } from "../../ui/format";
import { readable } from "../../ui/json";
import { PageHead } from "../../ui/PageHead";
import { Raw } from "../../ui/Raw";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { t, wordOf } from "../../ui/words/words";
import type { InboxEntry } from "../../wire/api";
import { asProblem } from "../../wire/problem";
import { sync } from "../../wire/topics";
import { Back } from "./Back";
import { isNumber } from "./links";

/** The message that started it all, exactly as it came in. */
export function InboxPage() {
  const { number } = useParams({ from: "/shell/inbox/$number" });
  const known = isNumber(number);
  const found = useQuery({
    queryKey: ["inbox", number],
    enabled: known,
    queryFn: ({ signal }) => read("/api/v1/inbox/{number}", { path: { number: Number(number) } }, signal),
  });
  const missing = !known || (found.error && asProblem(found.error).status === 404);
  return (
    <>
      <PageHead title={t.trace.inboxTitle(number)} lead={t.trace.inboxLead} back={<Back />} />
      {missing && (
        <section className="rounded-card border border-line bg-surface" aria-label={t.trace.inboxMissing}>
          <Empty title={t.trace.inboxMissing} why={t.trace.inboxMissingWhy} />
        </section>
      )}
      {found.error && !missing && (
        <Trouble
          problem={asProblem(found.error)}
          kept={found.data !== undefined}
          retry={() => void found.refetch()}
        />
      )}
      {known && found.isPending && (
        <Card title={t.trace.body}>
          <Rows count={6} />
        </Card>
      )}
      {found.data && <Message entry={found.data} />}
    </>
  );
}

function Message({ entry }: { entry: InboxEntry }) {
  const format = useFormat();
  const { value: shops } = useTopic(sync);
  const shop = shops?.items.find((item) => item.id === entry.connection);
  return (
    <div className="flex flex-col gap-3 md:gap-4" data-c="inbox">
      <Card title={wordOf(t.trace.inboxState, entry.state)}>
        <Facts
          rows={[
            [t.trace.received, format.dateTime(entry.received_at)],
            [t.trace.channel, wordOf(t.channel, entry.channel)],
            [t.trace.connection, shop ? `${shop.name} (${entry.connection})` : entry.connection],
            [t.trace.delivery, <span key="d" className="font-mono text-[12px]">{entry.delivery}</span>],
            [t.trace.attempts, entry.attempts > 0 ? format.count(entry.attempts) : ""],
            [t.trace.reasonLabel, entry.reason],
            [t.trace.hash, <span key="h" className="font-mono text-[12px]">{entry.hash}</span>],
          ]}
        />
      </Card>
      <Card title={t.trace.body} name="raw-body">
        {entry.body === "" ? (
          <p className="text-fg-3">{entry.body_note ?? t.trace.bodyGone}</p>
        ) : (
          <Raw text={readable(entry.body)} label={t.trace.body} />
        )}
      </Card>
    </div>
  );
}
