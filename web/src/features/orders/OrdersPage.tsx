import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { useFollow } from "../../sync/follow";
import { useTopic } from "../../sync/hooks";
import { read } from "../../sync/http";
import { buttonLook } from "../../ui/Button";
import { chipLook } from "../../ui/chip";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { ListFoot } from "../../ui/ListFoot";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { SearchBox } from "../../ui/SearchBox";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { kpis } from "../../wire/topics";
import { BulkBar } from "./BulkBar";
import { OrderTable } from "./OrderTable";
import { SavedViews } from "./SavedViews";

type Filter = keyof typeof t.orders.filters;
const filters = Object.keys(t.orders.filters) as Filter[];

/** All orders, the newest first, a page at a time. */
export function OrdersPage() {
  const { q = "", status = "" } = useSearch({ from: "/shell/orders" });
  const navigate = useNavigate({ from: "/orders" });
  const format = useFormat();
  const { value: figures } = useTopic(kpis);
  const key = ["orders", q, status];
  const list = useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => read("/api/v1/orders", { query: { limit: 50, q, status, after: pageParam } }, signal),
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
  });
  useFollow(key, (list.data?.pages.length ?? 0) === 1);

  const [chosen, setChosen] = useState(new Set<string>());
  useEffect(() => setChosen(new Set()), [q, status]); // what is not shown is not acted on

  const near = (): void => {
    if (list.hasNextPage && !list.isFetching) void list.fetchNextPage();
  };
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const first = list.data?.pages[0];
  const onSearch = useCallback(
    (text: string) => void navigate({ search: (now) => (text === "" ? { ...now, q: undefined } : { ...now, q: text }) as never, replace: true }),
    [navigate],
  );

  return (
    <>
      <PageHead
        title={t.orders.title}
        name="o1"
        lead={
          figures ? (
            <span className="tabular-nums">
              <strong className="font-semibold text-fg" data-c="active-orders">
                {format.count(figures.active_orders)}
              </strong>{" "}
              {t.command.activeOrders(figures.active_orders)}
            </span>
          ) : null
        }
        actions={<SearchBox label={t.orders.searchLabel} hint={t.orders.searchHint} value={q} onSearch={onSearch} />}
      />
      <nav aria-label={t.orders.filterLabel} className="mb-3 flex gap-2 max-md:-mx-3 max-md:overflow-x-auto max-md:px-3 max-md:pb-1 md:flex-wrap">
        {filters.map((filter) => (
          <Link
            key={filter}
            to="/orders"
            search={{ ...(q && { q }), ...(filter && { status: filter }) }}
            className={chipLook(filter === status)}
            aria-current={filter === status ? "true" : undefined}
          >
            {t.orders.filters[filter]}
          </Link>
        ))}
      </nav>
      <SavedViews q={q} status={status} />
      {list.error && (
        <div className="mb-3">
          <Trouble problem={asProblem(list.error)} kept={first !== undefined} retry={() => void list.refetch()} />
        </div>
      )}
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
      <BulkBar chosen={chosen} onChosen={setChosen} />
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
