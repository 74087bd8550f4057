import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useFollow } from "../../sync/follow";
import { useTopic } from "../../sync/hooks";
import { read } from "../../sync/http";
import { Empty } from "../../ui/Empty";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { sync } from "../../wire/topics";
import { SignalTable } from "./SignalTable";

const days = ["signals", "days"];
const sources = ["mention-sources"];

/** What people say of the goods, by day and SKU: comments and mentions that the channels tell, and what other sources bring. */
export function SignalsPage() {
  const list = useQuery({ queryKey: days, queryFn: ({ signal }) => read("/api/v1/signals/days", { query: { days: 14 } }, signal), placeholderData: keepPreviousData });
  const heard = useQuery({ queryKey: sources, queryFn: ({ signal }) => read("/api/v1/mention-sources", {}, signal) });
  const { value: shops } = useTopic(sync);
  useFollow(days, list.data !== undefined);
  useFollow(sources, heard.data !== undefined);
  const error = list.error ?? heard.error;
  const failing = heard.data?.items.filter(({ trouble }) => trouble !== "") ?? [];
  const names = new Map([...(shops?.items ?? []), ...(heard.data?.items ?? [])].map(({ id, name }) => [id, name]));
  const known = shops !== undefined && heard.data !== undefined;
  const nameOf = (id: string) => names.get(id) ?? (known ? t.signals.gone(id) : id);
  return (
    <>
      <PageHead title={t.signals.title} lead={t.signals.lead} />
      {error && (
        <div className="mb-3">
          <Trouble problem={asProblem(error)} kept={list.data !== undefined} retry={() => void Promise.all([list.refetch(), heard.refetch()])} />
        </div>
      )}
      {failing.length > 0 && (
        <ul className="mb-3 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-[13px] text-fg-2" data-c="failing-sources">
          {failing.map(({ id, name, trouble }) => (
            <li key={id} className="[overflow-wrap:anywhere]">
              {t.signals.failing(name, trouble)}
            </li>
          ))}
        </ul>
      )}
      {(list.data !== undefined || !list.error) && (
        <section className="rounded-card border border-line bg-surface" aria-label={t.signals.title} aria-busy={list.isFetching} data-c="signal-list">
          {list.data === undefined && (
            <div className="px-4">
              <Rows count={8} height={48} />
            </div>
          )}
          {list.data?.items.length === 0 && (
            <Empty
              title={t.signals.empty}
              why={t.signals.emptyWhy}
              action={
                <Link to="/settings" className="inline-flex min-h-9 items-center text-accent hover:underline max-md:min-h-11">
                  {t.signals.add}
                </Link>
              }
            />
          )}
          {list.data !== undefined && list.data.items.length > 0 && <SignalTable days={list.data.items} nameOf={nameOf} />}
        </section>
      )}
      {list.data?.more && <p className="mt-2 text-[13px] text-fg-3">{t.signals.more}</p>}
    </>
  );
}
