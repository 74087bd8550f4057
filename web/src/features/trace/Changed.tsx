import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { read } from "../../sync/http";
import { buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { Change, LogEvent } from "../../wire/api";
import { asProblem } from "../../wire/problem";

/** What the state of an event's stream was before it and after; the steps to its neighbours in the stream replay that state. */
export function Changed({ event }: { event: LogEvent }) {
  const found = useQuery({
    queryKey: ["changes", event.position],
    staleTime: Infinity, // an event never changes
    queryFn: ({ signal }) => read("/api/v1/events/{position}/changes", { path: { position: event.position } }, signal),
  });
  return (
    <Card title={t.trace.changed} aside={<Neighbours event={event} />} name="changed">
      {found.error && (
        <Trouble
          problem={asProblem(found.error)}
          kept={false}
          retry={() => void found.refetch()}
        />
      )}
      {found.isPending && <Rows count={3} />}
      {found.data && !found.data.folded && <p className="text-[13px] text-fg-3">{t.trace.notFolded}</p>}
      {found.data?.folded && found.data.items.length === 0 && <p className="text-[13px] text-fg-3">{t.trace.unchanged}</p>}
      {found.data && found.data.items.length > 0 && <ChangeTable changes={found.data.items} />}
    </Card>
  );
}

function ChangeTable({ changes }: { changes: Change[] }) {
  return (
    <table className="w-full table-fixed border-collapse text-left text-[13px]">
      <thead>
        <tr className="border-b border-line text-[12px] text-fg-3">
          <th className="py-2 pr-3 font-medium">{t.trace.field}</th>
          <th className="px-3 py-2 font-medium">{t.trace.before}</th>
          <th className="py-2 pl-3 font-medium">{t.trace.after}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ field, before, after }) => (
          <tr key={field} className="border-b border-line align-top last:border-0" data-c="change" data-field={field}>
            <td className="py-1.5 pr-3 font-mono text-[12px] text-fg-2 [overflow-wrap:anywhere]">{field}</td>
            <td className="px-3 py-1.5 text-fg-3 tabular-nums [overflow-wrap:anywhere]">{plain(before)}</td>
            <td className="py-1.5 pl-3 tabular-nums [overflow-wrap:anywhere]">{plain(after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A value as it is read; what is empty or 0 is a dash. */
function plain(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Neighbours({ event }: { event: LogEvent }) {
  const near = useQuery({
    queryKey: ["neighbours", event.position],
    queryFn: async ({ signal }) => {
      const { items } = await read("/api/v1/events", { query: { stream: event.stream, after: Math.max(0, event.version - 2), limit: 3 } }, signal);
      const at = (version: number) => items.find((other) => other.version === version)?.position;
      return { before: at(event.version - 1), after: at(event.version + 1) };
    },
  });
  return (
    <nav aria-label={t.trace.neighbours} className="flex gap-2">
      {near.data?.before !== undefined && (
        <Link to="/events/$position" params={{ position: String(near.data.before) }} className={buttonLook()} data-c="event-before">
          <ChevronLeft className="size-4" aria-hidden="true" />
          {t.trace.eventBefore}
        </Link>
      )}
      {near.data?.after !== undefined && (
        <Link to="/events/$position" params={{ position: String(near.data.after) }} className={buttonLook()} data-c="event-after">
          {t.trace.eventAfter}
          <ChevronRight className="size-4" aria-hidden="true" />
        </Link>
      )}
    </nav>
  );
}
