import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty } from "../../ui/Empty";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { asProblem } from "../../wire/problem";

interface ListedProps<T> {
  query: UseQueryResult<{ items: T[] }>;
  empty: { title: string; why: string };
  row: (item: T) => ReactNode;
}

/** A list that comes whole, in its four states. */
export function Listed<T>({ query: { data, error, refetch }, empty, row }: ListedProps<T>) {
  return (
    <>
      {error && <Trouble problem={asProblem(error)} kept={data !== undefined} retry={() => void refetch()} />}
      {!data && !error && <Rows count={1} height={64} />}
      {data && data.items.length === 0 && <Empty title={empty.title} why={empty.why} />}
      {data && data.items.length > 0 && <ul className="flex flex-col">{data.items.map(row)}</ul>}
    </>
  );
}
