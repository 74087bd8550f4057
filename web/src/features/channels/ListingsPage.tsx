import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { useFollow } from "../../sync/follow";
import { read } from "../../sync/http";
import { useTopic } from "../../sync/hooks";
import { chipLook } from "../../ui/chip";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { ListFoot } from "../../ui/ListFoot";
import { Mark } from "../../ui/Mark";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { SearchBox } from "../../ui/SearchBox";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { KnownListing } from "../../wire/api";
import { asProblem } from "../../wire/problem";
import { sync } from "../../wire/topics";
import { ImportCard } from "./ImportCard";
import { MapListing } from "./MapListing";

type State = KnownListing["state"];
const states = Object.keys(t.listings.states) as State[];
const marks: Record<State, string> = { mapped: "ok", unmatched: "unknown_sku", conflict: "warning", no_code: "unknown_sku" };

/** What a shop lists and which of our SKUs each listing means; what is in doubt says what to do. */
export function ListingsPage() {
  const { id } = useParams({ from: "/shell/channels/$id" });
  const { q = "", state: asked } = useSearch({ from: "/shell/channels/$id" });
  const state = states.find((one) => one === asked);
  const navigate = useNavigate({ from: "/channels/$id" });
  const format = useFormat();
  const queries = useQueryClient();
  const { value: shops } = useTopic(sync);
  const shop = shops?.items.find((item) => item.id === id);
  const key = ["listings", id];
  const list = useInfiniteQuery({
    queryKey: [...key, q, state ?? ""],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      read("/api/v1/connections/{id}/listings", { path: { id }, query: { limit: 50, q, state, after: pageParam } }, signal),
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
  });
  useFollow([...key, q, state ?? ""], (list.data?.pages.length ?? 0) === 1);
  const again = useCallback(() => void queries.invalidateQueries({ queryKey: ["listings", id] }), [queries, id]);
  const onSearch = useCallback(
    (text: string) => void navigate({ search: (now) => (text === "" ? { ...now, q: undefined } : { ...now, q: text }) as never, replace: true }),
    [navigate],
  );
  const first = list.data?.pages[0];
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];

  return (
    <>
      <PageHead
        title={t.listings.title(shop?.name ?? id)}
        back={
          <Link to="/channels" className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11">
            {t.listings.back}
          </Link>
        }
        lead={first ? (first.imported_at === null ? t.listings.never : t.listings.imported(format.dateTime(first.imported_at))) : null}
        actions={<SearchBox label={t.listings.searchLabel} hint={t.listings.searchHint} value={q} onSearch={onSearch} />}
      />
      <div className="mb-3">
        <ImportCard connection={id} changed={again} />
      </div>
      <nav aria-label={t.listings.filterLabel} className="mb-3 flex gap-2 max-md:-mx-3 max-md:overflow-x-auto max-md:px-3 max-md:pb-1 md:flex-wrap">
        {[undefined, ...states].map((one) => (
          <Link
            key={one ?? ""}
            to="/channels/$id"
            params={{ id }}
            search={{ ...(q && { q }), ...(one && { state: one }) }}
            className={chipLook(one === state)}
            aria-current={one === state ? "true" : undefined}
          >
            {one === undefined ? t.listings.all : t.listings.chip(t.listings.states[one], first ? format.count(first.counts[one]) : "…")}
          </Link>
        ))}
      </nav>
      {list.error && (
        <div className="mb-3">
          <Trouble problem={asProblem(list.error)} kept={first !== undefined} retry={() => void list.refetch()} />
        </div>
      )}
      {(first !== undefined || !list.error) && (
        <section className="rounded-card border border-line bg-surface px-4" aria-label={t.listings.title(shop?.name ?? id)} aria-busy={list.isFetching} data-c="listing-list">
          {first === undefined && <Rows count={8} height={48} />}
          {first !== undefined && items.length === 0 && <Empty title={t.listings.emptyTitle} why={q === "" && state === undefined ? t.listings.emptyWhy : t.listings.emptyFiltered} />}
          <ul>
            {items.map((item) => (
              <li key={`${item.listing}-${item.code}`} className="border-b border-line py-3 last:border-0" data-c="listing-row">
                <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-1">
                  <div className="min-w-0 flex-1 basis-64">
                    <p className="font-medium [overflow-wrap:anywhere]">
                      {item.title} <span className="text-fg-3">{item.variant}</span>
                    </p>
                    <p className="text-[12px] text-fg-3 tabular-nums">
                      <span className="font-mono">{item.has_code ? item.code : item.listing}</span> · {t.listings.status[item.status]} ·{" "}
                      {t.listings.quantity(format.count(item.quantity))}
                      {item.price && ` · ${format.money(item.price)}`}
                    </p>
                  </div>
                  <Mark state={marks[item.state]} word={t.listings.states[item.state]} />
                </div>
                <p className="mt-1 text-[13px] text-fg-2 [overflow-wrap:anywhere]">{item.sentence}</p>
                {item.state !== "mapped" && <MapListing connection={id} code={item.code} sku={item.sku || (item.conflict === "alike_sku" ? item.other : "")} done={again} />}
              </li>
            ))}
          </ul>
        </section>
      )}
      {first !== undefined && (
        <ListFoot
          total={first.total >= 0 ? t.listings.total(format.count(first.total), first.total) : ""}
          hasMore={list.hasNextPage}
          busy={list.isFetchingNextPage}
          more={() => void list.fetchNextPage()}
        />
      )}
    </>
  );
}
