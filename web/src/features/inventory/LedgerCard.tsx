import { useState } from "react";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { LedgerPage, LedgerRow } from "../../wire/api";
import { Problem } from "../../wire/problem";
import { LedgerTable } from "./LedgerTable";

interface LedgerCardProps {
  sku: string;
  /** The newest rows, live. */
  first: LedgerRow[];
  position: number;
}

const pageSize = 50;
const atFirst = 10;

/** Every movement of a SKU. The newest rows are live; older ones are read on request and never change. */
export function LedgerCard({ sku, first, position }: LedgerCardProps) {
  const [older, setOlder] = useState<{ rows: LedgerRow[]; next: string | undefined }>({ rows: [], next: undefined });
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [open, setOpen] = useState(false);

  const known = new Set(first.map((row) => row.entry));
  const all = [...first, ...older.rows.filter((row) => !known.has(row.entry))];
  const rows = open ? all : all.slice(0, atFirst);
  const more = !open ? all.length > atFirst : older.next === undefined ? first.length >= pageSize : older.next !== "";

  const readMore = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      // the first older page starts anew from the top: live rows came in meanwhile, and repeats are left out above
      const after = older.next ?? "";
      let page = await fetchPage(sku, after);
      if (after === "" && page.next !== "") {
        const next = await fetchPage(sku, page.next);
        page = { ...next, items: [...page.items, ...next.items] };
      }
      setOlder((now) => ({ rows: [...now.rows, ...page.items], next: page.next }));
    } catch (cause) {
      setProblem(cause instanceof Problem ? cause : new Problem(0, ""));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Card title={t.inventory.ledger} name="ledger">
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

function fetchPage(sku: string, after: string): Promise<LedgerPage> {
  const ask = new URLSearchParams({ limit: String(pageSize), ...(after && { after }) });
  return read<LedgerPage>(`/api/v1/stock/${encodeURIComponent(sku)}/ledger?${ask}`);
}
