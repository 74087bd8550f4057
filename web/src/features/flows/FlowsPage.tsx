import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useFollow } from "../../sync/follow";
import { useTopic } from "../../sync/hooks";
import { read } from "../../sync/http";
import { chipLook } from "../../ui/chip";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { ListFoot } from "../../ui/ListFoot";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { kpis } from "../../wire/topics";
import { FlowTable } from "./FlowTable";

type Filter = keyof typeof t.flows.filters;
const filters = Object.keys(t.flows.filters) as Filter[];

/** What is being done for the orders; the stuck ones first, because only a person can move them. */
export function FlowsPage() {
  const { state: asked } = useSearch({ from: "/shell/flows" });
  const state = (asked === "all" ? "" : filters.find((filter) => filter === asked)) ?? "stuck";
  const format = useFormat();
  const { value: figures } = useTopic(kpis);
  const key = ["flows", state];
  const list = useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => read("/api/v1/flows", { query: { limit: 50, state: state === "" ? undefined : state, after: pageParam } }, signal),
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
  });
  useFollow(key, (list.data?.pages.length ?? 0) === 1);

  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const first = list.data?.pages[0];
  return (
    <>
      <PageHead title={t.flows.title} lead={t.flows.lead} />
      <nav aria-label={t.flows.filterLabel} className="mb-3 flex gap-2 max-md:-mx-3 max-md:overflow-x-auto max-md:px-3 max-md:pb-1 md:flex-wrap">
        {filters.map((filter) => (
          <Link
            key={filter}
            to="/flows"
            search={{ state: filter === "" ? "all" : filter }}
            className={chipLook(filter === state)}
            aria-current={filter === state ? "true" : undefined}
          >
            {t.flows.filters[filter]}
            {filter === "stuck" && figures !== undefined && figures.automation.stuck > 0 && (
              <span className="ml-1.5 font-semibold text-crit tabular-nums">{format.count(figures.automation.stuck)}</span>
            )}
          </Link>
        ))}
      </nav>
      {list.error && (
        <div className="mb-3">
          <Trouble problem={asProblem(list.error)} kept={first !== undefined} retry={() => void list.refetch()} />
        </div>
      )}
      {(first !== undefined || !list.error) && (
        <section className="rounded-card border border-line bg-surface" aria-label={t.flows.title} aria-busy={list.isFetching} data-c="flow-list">
          {first === undefined && (
            <div className="px-4">
              <Rows count={8} height={48} />
            </div>
          )}
          {first !== undefined && items.length === 0 && (
            <Empty title={t.flows.emptyTitle} why={state === "stuck" ? t.flows.emptyStuck : t.flows.emptyOther} />
          )}
          {items.length > 0 && <FlowTable flows={items} />}
        </section>
      )}
      {first !== undefined && (
        <ListFoot
          total={first.total >= 0 ? t.flows.total(format.count(first.total), first.total) : ""}
          hasMore={list.hasNextPage}
          busy={list.isFetchingNextPage}
          more={() => void list.fetchNextPage()}
        />
      )}
    </>
  );
}
