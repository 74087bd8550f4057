import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useState, type FormEvent, type ReactNode } from "react";
import { useFollow } from "../../sync/follow";
import { read } from "../../sync/http";
import { Button, buttonLook } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { inputShape } from "../../ui/Field";
import { useFormat } from "../../ui/format";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { SearchBox } from "../../ui/SearchBox";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { LogEvent } from "../../wire/api";
import { asProblem } from "../../wire/problem";
import { EventTable } from "./EventTable";
import { isNumber, isStream, pageBefore } from "./links";

/** The log: all of it, the newest first, or one stream from its start. The search stays while what is below it changes. */
export function ExplorerPage() {
  const { stream } = useSearch({ from: "/shell/events" });
  const navigate = useNavigate({ from: "/events" });
  const format = useFormat();
  const [head, setHead] = useState<number | undefined>(undefined);
  const onStream = useCallback(
    (text: string) => {
      if (text === "" || isStream(text)) void navigate({ search: text === "" ? {} : { stream: text }, replace: true });
    },
    [navigate],
  );
  return (
    <>
      <PageHead
        title={t.explorer.title}
        lead={stream !== undefined ? t.explorer.leadStream : head !== undefined ? t.explorer.lead(format.count(head)) : null}
        actions={
          <>
            <SearchBox label={t.explorer.streamLabel} hint={t.explorer.streamHint} value={stream ?? ""} onSearch={onStream} />
            <GoTo />
          </>
        }
      />
      {stream === undefined ? <WholeLog onHead={setHead} /> : <OneStream key={stream} stream={stream} />}
    </>
  );
}

const page = 50;

function WholeLog({ onHead }: { onHead: (head: number) => void }) {
  const { before } = useSearch({ from: "/shell/events" });
  const key = ["events", before ?? 0];
  const found = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const end = before ?? (await read("/api/v1/events", { query: { limit: 1 } }, signal)).position + 1;
      const events = await read("/api/v1/events", { query: pageBefore(end, page) }, signal);
      return { ...events, items: events.items.filter(({ position }) => position < end).reverse() };
    },
    placeholderData: keepPreviousData,
  });
  useFollow(key, before === undefined);
  const items = found.data?.items ?? [];
  const oldest = items.at(-1)?.position ?? 1;
  const newest = items[0]?.position ?? 0;
  const head = found.data?.position ?? 0;
  useEffect(() => {
    if (head > 0) onHead(head);
  }, [head, onHead]);
  return (
    <>
      <List
        items={found.data && items}
        error={found.error}
        retry={() => void found.refetch()}
        empty={<Empty title={t.explorer.emptyTitle} why={t.explorer.emptyWhy} />}
      />
      {found.data && (
        <nav aria-label={t.explorer.title} className="mt-3 flex flex-wrap gap-2">
          {before !== undefined && (
            <>
              <Link to="/events" className={buttonLook()}>
                {t.explorer.newest}
              </Link>
              {newest < head && (
                <Link to="/events" search={newest + page < head ? { before: newest + page + 1 } : {}} className={buttonLook()}>
                  {t.explorer.newer}
                </Link>
              )}
            </>
          )}
          {oldest > 1 && (
            <Link to="/events" search={{ before: oldest }} className={buttonLook()} data-c="older">
              {t.explorer.older}
            </Link>
          )}
        </nav>
      )}
    </>
  );
}

function OneStream({ stream }: { stream: string }) {
  const list = useInfiniteQuery({
    queryKey: ["events", stream],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) => read("/api/v1/events", { query: { stream, limit: page, after: pageParam } }, signal),
    getNextPageParam: ({ next }) => (next === "" ? undefined : Number(next)),
  });
  return (
    <>
      <List
        items={list.data?.pages.flatMap(({ items }) => items)}
        error={list.error}
        retry={() => void list.refetch()}
        empty={
          <Empty
            title={t.explorer.emptyTitle}
            why={t.explorer.emptyStream}
            action={
              <Link to="/events" className={buttonLook()}>
                {t.explorer.allStreams}
              </Link>
            }
          />
        }
      />
      {list.hasNextPage && (
        <Button className="mt-3" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t.orders.more}
        </Button>
      )}
    </>
  );
}

interface ListProps {
  items: LogEvent[] | undefined;
  error: Error | null;
  retry: () => void;
  empty: ReactNode;
}

function List({ items, error, retry, empty }: ListProps) {
  return (
    <>
      {error && (
        <div className="mb-3">
          <Trouble problem={asProblem(error)} kept={items !== undefined} retry={retry} />
        </div>
      )}
      {(items !== undefined || !error) && (
        <section className="rounded-card border border-line bg-surface" aria-label={t.explorer.title} data-c="event-list">
          {items === undefined && (
            <div className="px-4">
              <Rows count={12} height={44} />
            </div>
          )}
          {items?.length === 0 && empty}
          {items !== undefined && items.length > 0 && <EventTable events={items} />}
        </section>
      )}
    </>
  );
}

/** Opens the event at a position. */
function GoTo() {
  const navigate = useNavigate({ from: "/events" });
  const [text, setText] = useState("");
  const [bad, setBad] = useState(false);
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (isNumber(text.trim())) void navigate({ to: "/events/$position", params: { position: text.trim() } });
    else setBad(true);
  };
  return (
    <form className="relative flex gap-2" onSubmit={onSubmit}>
      <input
        inputMode="numeric"
        autoComplete="off"
        aria-label={t.explorer.goLabel}
        aria-invalid={bad || undefined}
        aria-describedby={bad ? "go-bad" : undefined}
        placeholder={t.explorer.goHint}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setBad(false);
        }}
        className={`${inputShape} w-28`}
      />
      <Button type="submit">{t.explorer.go}</Button>
      {bad && (
        <p id="go-bad" role="alert" className="absolute top-full right-0 z-10 mt-1 rounded-control border border-crit-line bg-crit-soft px-2 py-1 text-[12px] whitespace-nowrap text-crit max-md:right-auto max-md:left-0">
          {t.explorer.goBad}
        </p>
      )}
    </form>
  );
}
