import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useCommand } from "../../sync/command";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { Tick } from "../../ui/Tick";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { ImportReport } from "../../wire/api";
import { asProblem } from "../../wire/problem";

/** Reads what the shop lists: first a preview that writes nothing, then the import, which can be taken back. */
export function ImportCard({ connection, changed }: { connection: string; changed: () => void }) {
  const [create, setCreate] = useState(false);
  const start = useCommand("import-listings");
  const undo = useCommand("undo-import");
  const queries = useQueryClient();
  const key = ["import", connection];
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => read("/api/v1/connections/{id}/import", { path: { id: connection }, query: { limit: 50 } }, signal),
    refetchInterval: ({ state }) => (state.data?.running || state.data?.undoing ? 700 : false),
  });
  const busy = data?.running === true || data?.undoing === true || start.state.kind === "sending" || undo.state.kind === "sending";
  const ended = data?.last?.number ?? 0;
  const working = data?.running === true || data?.undoing === true;
  useEffect(() => {
    if (!working) changed();
  }, [ended, working, changed]);

  const begin = (dry_run: boolean): void => {
    void start.run({ connection, dry_run, create_missing: create }).then(() => queries.invalidateQueries({ queryKey: key }));
  };
  const takeBack = (): void => {
    void undo.run({ connection }).then(() => queries.invalidateQueries({ queryKey: key }));
  };

  return (
    <Card title={t.listings.import} name="import">
      <p className="mb-3 text-[13px] text-fg-3">{t.listings.importWhy}</p>
      {error && <Trouble problem={asProblem(error)} kept={data !== undefined} retry={() => void refetch()} />}
      <label className="mb-3 flex items-center gap-2 text-[13px] text-fg-2 max-md:min-h-11">
        <Tick label={t.listings.create} checked={create} onChange={setCreate} />
        <span aria-hidden="true">{t.listings.create}</span>
      </label>
      <div className="flex flex-wrap gap-2">
        <Button busy={busy} onClick={() => begin(true)}>
          {t.listings.preview}
        </Button>
        <Button tone="primary" busy={busy} onClick={() => begin(false)}>
          {t.listings.apply}
        </Button>
        {data !== undefined && data.undo > 0 && (
          <Button tone="danger" busy={busy} onClick={takeBack}>
            {t.listings.undo}
          </Button>
        )}
      </div>
      <Said state={start.state} done="" roomy={false} />
      <Said state={undo.state} done="" roomy={false} />
      {data && <Report report={data} />}
    </Card>
  );
}

function Report({ report }: { report: ImportReport }) {
  const format = useFormat();
  const { running, undoing, dry_run, read: listings, counts, failed, items, broken, last } = report;
  const said = undoing
    ? t.listings.undoing
    : running
      ? t.listings.reading(format.count(listings))
      : failed !== ""
        ? failed
        : dry_run
          ? t.listings.would(format.count(counts.map), format.count(counts.create), format.count(counts.keep), format.count(counts.leave))
          : last
            ? t.listings.did(format.count(last.mapped), format.count(last.created), format.count(last.left), format.dateTime(last.at))
            : "";
  return (
    <div className="mt-3" data-c="import-report">
      <p role="status" className="text-[13px] text-fg-2">
        {said}
      </p>
      {dry_run && !running && items.length > 0 && (
        <ul className="mt-2 flex max-h-96 flex-col overflow-y-auto text-[13px]" tabIndex={0} aria-label={t.listings.preview}>
          {items.map((item) => (
            <li key={`${item.listing}-${item.code}`} className="border-b border-line py-1.5 last:border-0">
              <span className="font-medium">{t.listings.does[item.do]}</span> {item.title} <span className="font-mono text-[12px] text-fg-3">{item.code}</span>
              <p className="text-fg-3 [overflow-wrap:anywhere]">{item.sentence}</p>
            </li>
          ))}
        </ul>
      )}
      {broken.length > 0 && (
        <ul className="mt-2 flex flex-col text-[13px] text-warn">
          {broken.map((one, i) => (
            <li key={i}>{t.listings.broken(one.record, one.field, one.rule)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
