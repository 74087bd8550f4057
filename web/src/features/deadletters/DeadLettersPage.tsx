import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useFollow } from "../../sync/follow";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { DeadLetterCard } from "./DeadLetterCard";
import { ReplayTime } from "./ReplayTime";

/** What could not be done after all its tries, with the reason and the two ways on. */
export function DeadLettersPage() {
  const format = useFormat();
  const key = ["deadletters"];
  const list = useInfiniteQuery({
    queryKey: key,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => read("/api/v1/deadletters", { query: { limit: 50, after: pageParam } }, signal),
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
  });
  useFollow(key, (list.data?.pages.length ?? 0) === 1);
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const first = list.data?.pages[0];
  return (
    <>
      <PageHead
        title={t.deadletters.title}
        lead={first && first.total >= 0 ? t.deadletters.lead(format.count(first.total), first.total) : null}
      />
      {first !== undefined && (items.length > 1 || first.replay !== null) && <ReplayTime replay={first.replay} />}
      {list.error && (
        <div className="mb-3">
          <Trouble
            problem={asProblem(list.error)}
            kept={first !== undefined}
            retry={() => void list.refetch()}
          />
        </div>
      )}
      {first === undefined && !list.error && (
        <section className="rounded-card border border-line bg-surface px-4" aria-label={t.deadletters.title}>
          <Rows count={4} height={96} />
        </section>
      )}
      {first !== undefined && items.length === 0 && (
        <section className="rounded-card border border-line bg-surface" aria-label={t.deadletters.title}>
          <Empty title={t.deadletters.emptyTitle} why={t.deadletters.emptyWhy} />
        </section>
      )}
      <ul className="flex flex-col gap-3">
        {items.map((letter) => (
          <DeadLetterCard key={letter.id} letter={letter} />
        ))}
      </ul>
      {list.hasNextPage && (
        <Button className="mt-3" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t.orders.more}
        </Button>
      )}
    </>
  );
}
