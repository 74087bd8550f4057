import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useFollow } from "../../sync/follow";
import { read } from "../../sync/http";
import { Card } from "../../ui/Card";
import { addressOf, Go } from "../../ui/Go";
import { Rows } from "../../ui/Rows";
import { Select } from "../../ui/Select";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { LedgerTable } from "./LedgerTable";

const shown = 8;

interface Named {
  sku: string;
  name: string;
}

/** The newest movements of one SKU: of the first until another is chosen. It stays the same while others become more urgent. */
export function RecentMovements({ skus, first }: { skus: readonly Named[]; first: Named }) {
  const [chosen, setChosen] = useState(first);
  const { sku } = chosen;
  const known = skus.some((one) => one.sku === sku) ? skus : [chosen, ...skus];
  return (
    <Card
      title={t.inventory.recent}
      name="i5"
      aside={
        <Go href={addressOf("/inventory", sku)} className="-my-2 inline-flex min-h-9 items-center text-accent hover:underline max-md:min-h-11">
          {t.inventory.recentAll}
        </Go>
      }
    >
      <div className="mb-2 max-w-80">
        <Select label={t.inventory.recentOf} value={sku} options={known.map((one) => [one.sku, one.name === "" ? one.sku : `${one.name} (${one.sku})`])} choose={(next) => setChosen(known.find((one) => one.sku === next) ?? chosen)} />
      </div>
      <Movements sku={sku} />
    </Card>
  );
}

function Movements({ sku }: { sku: string }) {
  const key = ["ledger", sku];
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => read("/api/v1/stock/{sku}/ledger", { path: { sku }, query: { limit: shown, after: "" } }, signal),
  });
  useFollow(key, data !== undefined);
  return (
    <>
      {error && <Trouble problem={asProblem(error)} kept={data !== undefined} retry={() => void refetch()} />}
      {data === undefined && !error && <Rows count={shown} height={36} />}
      {data && <LedgerTable rows={data.items} />}
    </>
  );
}
