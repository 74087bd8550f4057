import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useFollow } from "../../sync/follow";
import { useTopic } from "../../sync/hooks";
import { read } from "../../sync/http";
import { buttonLook } from "../../ui/Button";
import { chipLook } from "../../ui/chip";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { Go, withQuery } from "../../ui/Go";
import { ListFoot } from "../../ui/ListFoot";
import { Mark } from "../../ui/Mark";
import { moodMarks, moodOf, moodWord } from "../../ui/mood";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { SearchBox } from "../../ui/SearchBox";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { kpis, sync } from "../../wire/topics";
import { BulkBar } from "./BulkBar";
import { OrderTable } from "./OrderTable";
import { PlaceOrder } from "./PlaceOrder";
import { SavedViews } from "./SavedViews";

type Filter = keyof typeof t.orders.filters;
const filters = Object.keys(t.orders.filters) as Filter[];

/** A list of orders by what narrows it, a page at a time. */
const listOf = (q: string, status: string) =>
  infiniteQueryOptions({
    queryKey: ["orders", q, status],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => read("/api/v1/orders", { query: { limit: 50, q, status, after: pageParam } }, signal),
    getNextPageParam: (page) => page.next || undefined,
  });

/** All orders, the newest first, a page at a time. */
export function OrdersPage() {
  const { q = "", status = "" } = useSearch({ from: "/shell/orders" });
  const navigate = useNavigate({ from: "/orders" });
  const format = useFormat();
  const { value: figures } = useTopic(kpis);
  const { value: shops } = useTopic(sync);
  const mood = moodOf(figures, shops);
  const queries = useQueryClient();
  const wanted = listOf(q, status);
  const list = useInfiniteQuery({ ...wanted, placeholderData: keepPreviousData });
  useFollow(wanted.queryKey, (list.data?.pages.length ?? 0) === 1);

  const [chosen, setChosen] = useState(new Set<string>());
  useEffect(() => setChosen((now) => (now.size === 0 ? now : new Set())), [q, status]); // what is not shown is not acted on

  // always the same function: the table is not drawn again because its page is busy
  const { hasNextPage, isFetching, fetchNextPage } = list;
  const end = useRef({ near: false, more: () => {} });
  useLayoutEffect(() => {
    end.current.more = () => {
      end.current.near = isFetching;
      if (hasNextPage && !isFetching) void fetchNextPage();
    };
    if (end.current.near) end.current.more();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const near = useCallback(() => end.current.more(), []);
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const first = list.data?.pages[0];
  const prepare = useCallback((text: string) => queries.prefetchInfiniteQuery(listOf(text, status)), [queries, status]);
  const onSearch = useCallback(
    (text: string) => void navigate({ search: (now) => (text === "" ? { ...now, q: undefined } : { ...now, q: text }) as never, replace: true }),
    [navigate],
  );

  return (
    <>
      <PageHead
        title={figures?.workspace.orders_title || t.orders.title}
        name="o1"
        lead={
          figures ? (
            <span className="flex flex-wrap gap-x-3 tabular-nums">
              <span>
                <strong className="font-semibold text-fg" data-c="active-orders">
                  {format.count(figures.active_orders)}
                </strong>{" "}
                {t.command.activeOrders(figures.active_orders)} · {figures.workspace.name}
              </span>
              {mood && (
                <span data-c="mood" data-mood={mood.kind}>
                  <Mark state={moodMarks[mood.kind]} word={moodWord(mood, format)} wrap />
                </span>
              )}
            </span>
          ) : null
        }
        actions={<SearchBox label={t.orders.searchLabel} hint={t.orders.searchHint} value={q} prepare={prepare} onSearch={onSearch} />}
      />
      <nav aria-label={t.orders.filterLabel} className="mb-3 flex gap-2 max-md:-mx-3 max-md:overflow-x-auto max-md:px-3 max-md:pb-1 md:flex-wrap">
        {filters.map((filter) => (
          <Go key={filter} href={withQuery("/orders", { q, status: filter })} className={chipLook(filter === status)} aria-current={filter === status ? "true" : undefined}>
            {t.orders.filters[filter]}
          </Go>
        ))}
      </nav>
      <PlaceOrder />
      <SavedViews q={q} status={status} />
      {list.error && (
        <div className="mb-3">
          <Trouble problem={asProblem(list.error)} kept={first !== undefined} retry={() => void list.refetch()} />
        </div>
      )}
      {/* the list of all orders, or the queue of those that a rule flagged */}
      <div data-c={status === "risk" ? "o5" : "o3"}>
        {(first !== undefined || !list.error) && (
          <section className="rounded-card border border-line bg-surface" aria-label={t.orders.title} aria-busy={list.isFetching} data-c="order-list">
            {first === undefined && !list.error && (
              <div className="px-4">
                <Rows count={12} height={48} />
              </div>
            )}
            {first !== undefined && items.length === 0 && (
              <Empty
                title={t.orders.emptyTitle}
                why={q === "" && status === "" ? t.orders.emptyAll : t.orders.emptyFiltered}
                action={
                  (q !== "" || status !== "") && (
                    <Link to="/orders" search={{}} className={buttonLook()}>
                      {t.orders.clear}
                    </Link>
                  )
                }
              />
            )}
            {items.length > 0 && <OrderTable orders={items} chosen={chosen} onChosen={setChosen} near={near} />}
          </section>
        )}
      </div>
      <BulkBar chosen={chosen} review={status === "risk"} onChosen={setChosen} />
      {first !== undefined && (
        <ListFoot
          total={first.total >= 0 ? t.orders.total(format.count(first.total), first.total) : ""}
          hasMore={list.hasNextPage}
          busy={list.isFetchingNextPage}
          more={() => void list.fetchNextPage()}
        />
      )}
    </>
  );
}
