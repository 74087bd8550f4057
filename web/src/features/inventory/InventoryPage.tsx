import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, type ReactNode } from "react";
import { useFollow } from "../../sync/follow";
import { useTopic } from "../../sync/hooks";
import { read } from "../../sync/http";
import { Button, buttonLook } from "../../ui/Button";
import { chipLook } from "../../ui/chip";
import { cx } from "../../ui/cx";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { SearchBox } from "../../ui/SearchBox";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { criticalStock } from "../../wire/topics";
import { RecentMovements } from "./RecentMovements";
import { StockTable } from "./StockTable";

const movementsOf = 20; // SKUs to choose from, the urgent ones first

/** A list of SKUs by what narrows it, a page at a time. */
const listOf = (q: string, critical: boolean) =>
  infiniteQueryOptions({
    queryKey: ["stock", q, critical],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => read("/api/v1/stock", { query: { limit: critical ? 200 : 50, q, critical: critical || undefined, after: pageParam } }, signal),
    getNextPageParam: (page) => page.next || undefined,
  });

/** All SKUs, a page at a time; what is beside them is the board's. */
export function InventoryPage({ beside }: { beside: ReactNode }) {
  const { q = "", critical } = useSearch({ from: "/shell/inventory" });
  const navigate = useNavigate({ from: "/inventory" });
  const format = useFormat();
  const { value: urgent } = useTopic(criticalStock);
  const queries = useQueryClient();
  const wanted = listOf(q, critical === true);
  const list = useInfiniteQuery({ ...wanted, placeholderData: keepPreviousData });
  useFollow(wanted.queryKey, (list.data?.pages.length ?? 0) === 1);

  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const first = list.data?.pages[0];
  const prepare = useCallback((text: string) => queries.prefetchInfiniteQuery(listOf(text, critical === true)), [queries, critical]);
  const onSearch = useCallback(
    (text: string) => void navigate({ search: (now) => (text === "" ? { ...now, q: undefined } : { ...now, q: text }) as never, replace: true }),
    [navigate],
  );
  // the server counts a list only when it is short; what is critical it always counts
  const counted = first && first.total >= 0 && !(critical && first.total > items.length);
  const lead = counted ? t.inventory.lead(format.count(first.total), first.total) : urgent ? t.inventory.critical(format.count(urgent.total)) : "";
  const moved = [...(q === "" ? (urgent?.items ?? []) : []), ...items].filter((one, i, all) => all.findIndex(({ sku }) => sku === one.sku) === i).slice(0, movementsOf);
  const why = critical ? t.inventory.criticalWhy : q === "" ? t.inventory.emptyAll : t.inventory.emptyFiltered;

  return (
    <>
      <PageHead
        title={t.inventory.title}
        name="i1"
        lead={lead === "" ? null : <span className="tabular-nums">{lead}</span>}
        actions={<SearchBox label={t.inventory.searchLabel} hint={t.inventory.searchHint} value={q} prepare={prepare} onSearch={onSearch} />}
      />
      <nav aria-label={t.orders.filterLabel} className="mb-3 flex gap-2 max-md:-mx-3 max-md:overflow-x-auto max-md:px-3 max-md:pb-1 md:flex-wrap">
        <Link to="/inventory" search={{ ...(q && { q }) }} className={chipLook(!critical)} aria-current={!critical ? "true" : undefined}>
          {t.inventory.all}
        </Link>
        <Link
          to="/inventory"
          search={{ ...(q && { q }), critical: true }}
          className={chipLook(critical === true)}
          aria-current={critical ? "true" : undefined}
        >
          {t.inventory.onlyCritical}
        </Link>
        <Link to="/sheet" className={chipLook(false)}>
          {t.inventory.sheet}
        </Link>
        <Link to="/bundle" className={chipLook(false)}>
          {t.bundle.newTitle}
        </Link>
      </nav>
      <div className="grid grid-cols-1 items-start gap-3 md:gap-4 min-[1440px]:grid-cols-[minmax(0,1fr)_340px]">
        <div className={cx("grid grid-cols-1 gap-3 md:gap-4 md:max-[1439px]:grid-cols-2 min-[1440px]:order-last", (q !== "" || critical) && "max-md:hidden")}>{beside}</div>
        <div className="flex min-w-0 flex-col gap-3 md:gap-4">
          <div>
            {list.error && (
              <div className="mb-3">
                <Trouble
                  problem={asProblem(list.error)}
                  kept={first !== undefined}
                  retry={() => void list.refetch()}
                />
              </div>
            )}
            {(first !== undefined || !list.error) && (
              <section className="rounded-card border border-line bg-surface" aria-label={t.inventory.title} aria-busy={list.isFetching} data-c="i4">
                {first === undefined && !list.error && (
                  <div className="px-4">
                    <Rows count={12} height={48} />
                  </div>
                )}
                {first !== undefined && items.length === 0 && (
                  <Empty
                    title={critical && q === "" ? t.inventory.emptyCritical : t.inventory.emptyTitle}
                    why={why}
                    action={
                      (q !== "" || critical) && (
                        <Link to="/inventory" search={{}} className={buttonLook()}>
                          {t.inventory.clear}
                        </Link>
                      )
                    }
                  />
                )}
                {items.length > 0 && <StockTable items={items} />}
              </section>
            )}
            {critical && first !== undefined && first.total > items.length && (
              <p className="mt-3 text-[13px] text-fg-3 tabular-nums">{t.inventory.mostUrgent(format.count(items.length), format.count(first.total))}</p>
            )}
            {list.hasNextPage && (
              <Button className="mt-3" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {t.orders.more}
              </Button>
            )}
          </div>
          {moved[0] && <RecentMovements key={q} skus={moved} first={moved[0]} />}
        </div>
      </div>
    </>
  );
}
