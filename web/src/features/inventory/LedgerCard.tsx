import { useState } from "react";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { LedgerRow } from "../../wire/api";
import { asProblem, Problem } from "../../wire/problem";
import { LedgerTable } from "./LedgerTable";

interface LedgerCardProps {
  sku: string;
  /** The newest rows as they are now. */
  first: LedgerRow[];
  position: number;
}

const pageSize = 50;
const atFirst = 10;

/**
 * Every movement of a SKU. What orders move is counted until asked for, so that no row slips away under a finger; what a
 * person moves is shown at once. Older rows are read on request and never change.
 */
export function LedgerCard({ sku, first, position }: LedgerCardProps) {
  const [shown, setShown] = useState(first);
  const format = useFormat();
  const [older, setOlder] = useState<{ rows: LedgerRow[]; next: string | undefined }>({ rows: [], next: undefined });
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [open, setOpen] = useState(false);

  const newest = shown[0]?.entry ?? 0;
  const fresh = first.filter((row) => row.entry > newest);
  const showFresh = (): void => {
    const gap = fresh.length === first.length; // between the newest rows and those that were here
    const known = new Set(first.map((row) => row.entry));
    setOlder((now) =>
      gap ? { rows: [], next: undefined } : { ...now, rows: [...shown.filter((row) => !known.has(row.entry)), ...now.rows] },
    );
    setShown(first);
  };
  if (fresh.some((row) => row.order === "")) showFresh();

  const known = new Set(shown.map((row) => row.entry));
  const all = [...shown, ...older.rows.filter((row) => !known.has(row.entry))];
  const rows = open ? all : all.slice(0, atFirst);
  const more = !open ? all.length > atFirst : older.next === undefined ? shown.length >= pageSize : older.next !== "";

  const readMore = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      // the first older page starts anew from the top: rows came in meanwhile, and repeats are left out above
      const after = older.next ?? "";
      let page = await fetchPage(sku, after);
      if (after === "" && page.next !== "") {
        const next = await fetchPage(sku, page.next);
        page = { ...next, items: [...page.items, ...next.items] };
      }
      setOlder((now) => ({ rows: [...now.rows, ...page.items], next: page.next }));
    } catch (cause) {
      setProblem(asProblem(cause));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Card
      title={t.inventory.ledger}
      name="ledger"
      aside={
        <span className="inline-flex min-h-9 items-center max-md:min-h-11" aria-live="polite">
          {fresh.length > 0 && <Button onClick={showFresh}>{t.inventory.fresh(fresh.length, format.count(fresh.length))}</Button>}
        </span>
      }
    >
      <p className="-mt-2 mb-2 text-[13px] text-fg-3" data-position={position}>
        {t.inventory.ledgerLead}
      </p>
      {rows.length === 0 ? (
        <Empty title={t.inventory.ledgerEmpty} why={t.inventory.ledgerEmptyWhy} />
      ) : (
        <LedgerTable rows={rows} />
      )}
      {problem && (
        <div className="mt-3">
          <Trouble problem={problem} kept retry={() => void readMore()} />
        </div>
      )}
      {more && (
        <Button className="mt-3 self-start" busy={busy} onClick={() => (open ? void readMore() : setOpen(true))}>
          {t.orders.more}
        </Button>
      )}
    </Card>
  );
}

function fetchPage(sku: string, after: string) {
  return read("/api/v1/stock/{sku}/ledger", { path: { sku }, query: { limit: pageSize, after } });
}
