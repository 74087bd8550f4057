import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCommand } from "../../sync/command";
import { call } from "../../sync/http";
import { Button, buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { Said } from "../../ui/Said";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { SheetPreview } from "../../wire/api";
import { asProblem } from "../../wire/problem";
import { linesOf, maxBytes } from "./sheet";

interface Chosen {
  name: string;
  lines: string[];
}

/** Stock as a spreadsheet: out, filled in by whoever counts or receives goods, and back after a look at what it would do. */
export function SheetPage() {
  const [chosen, setChosen] = useState<Chosen>();
  const [large, setLarge] = useState(false);
  const [booked, setBooked] = useState("");
  const format = useFormat();

  const take = (file: File | undefined): void => {
    setChosen(undefined);
    setBooked("");
    setLarge(file !== undefined && file.size > maxBytes);
    if (file && file.size <= maxBytes) void file.text().then((text) => setChosen({ name: file.name, lines: linesOf(text) }));
  };

  return (
    <>
      <PageHead
        title={t.sheet.title}
        back={
          <Link to="/inventory" search={{}} className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11">
            {t.inventory.back}
          </Link>
        }
        lead={t.sheet.lead}
      />
      <div className="flex flex-col gap-4">
        <Card title={t.sheet.out} name="sheet-out">
          <p className="mb-3 max-w-prose text-[13px] text-fg-3">{t.sheet.outWhy}</p>
          <div className="flex">
            <a href="/api/v1/sheets/stock" download="stock.csv" className={buttonLook()}>
              {t.sheet.download}
            </a>
          </div>
        </Card>
        <Card title={t.sheet.back} name="sheet-back">
          <p className="mb-3 max-w-prose text-[13px] text-fg-3">{t.sheet.backWhy}</p>
          <label className="flex flex-col gap-1 text-[13px] text-fg-2">
            {t.sheet.file}
            <input
              type="file"
              accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values"
              className="min-h-11 max-w-full py-2 file:mr-3 file:min-h-7 file:rounded-control file:border file:border-line file:bg-surface file:px-3 file:text-fg"
              onClick={(event) => {
                event.currentTarget.value = ""; // the same file can be chosen again, once it is mended
              }}
              onChange={(event) => take(event.target.files?.[0])}
            />
          </label>
          {large && (
            <p role="alert" className="mt-3 text-[13px] text-crit">
              {t.sheet.large}
            </p>
          )}
          {booked !== "" && (
            <p role="status" className="mt-3 text-[13px] text-fg-2">
              {booked}
            </p>
          )}
          {chosen && (
            <Look
              chosen={chosen}
              done={(n) => {
                setChosen(undefined);
                setBooked(t.sheet.booked(format.count(n), n));
              }}
            />
          )}
        </Card>
      </div>
    </>
  );
}

/** What the chosen sheet would do, line by line, and the button that does it. */
function Look({ chosen, done }: { chosen: Chosen; done: (changes: number) => void }) {
  const { state, run } = useCommand("import-stock");
  const { data, error, refetch } = useQuery({
    queryKey: ["sheet", chosen],
    queryFn: async () => (await call("post", "/api/v1/sheets/stock", { body: { lines: chosen.lines } })).body,
    staleTime: 0,
    gcTime: 0,
  });
  const book = (changes: number): void => {
    void run({ lines: chosen.lines }).then((booked) => {
      if (booked) done(changes);
      else void refetch(); // somebody may have been faster: the lines say so
    });
  };
  if (error) return <Trouble problem={asProblem(error)} kept={false} retry={() => void refetch()} />;
  if (!data) return <Rows count={4} height={36} />;
  const n = data.changes.length;
  return (
    <div className="mt-3 flex flex-col gap-3" data-c="sheet-preview">
      <Summary name={chosen.name} preview={data} />
      {data.faults.length > 0 && (
        <ul className="flex max-h-96 flex-col gap-1 overflow-y-auto text-[13px] text-warn" tabIndex={0} aria-label={t.sheet.faults}>
          {data.faults.map((fault, i) => (
            <li key={i} className="[overflow-wrap:anywhere]" data-c="sheet-fault">
              {fault.rule} {fault.value !== "" && <span className="font-mono text-[12px]">{t.sheet.reads(fault.value)}</span>}
            </li>
          ))}
        </ul>
      )}
      {n > 0 && <Changes preview={data} />}
      {n > 0 && data.faults.length === 0 && (
        <Button tone="primary" className="self-start" busy={state.kind === "sending"} onClick={() => book(n)}>
          {state.kind === "unsure" ? t.commandState.again : t.sheet.book}
        </Button>
      )}
      <Said state={state} done="" roomy={false} />
    </div>
  );
}

function Summary({ name, preview }: { name: string; preview: SheetPreview }) {
  const format = useFormat();
  const { changes, same, blank, ignored, faults } = preview;
  return (
    <div role="status" className="text-[13px] text-fg-2">
      <p>
        {t.sheet.would(name, format.count(changes.length), changes.length, format.count(same + blank))}{" "}
        {faults.length > 0 && t.sheet.broken(format.count(faults.length), faults.length)}
      </p>
      {ignored.length > 0 && <p className="text-fg-3">{t.sheet.ignored(ignored.join(", "))}</p>}
    </div>
  );
}

const shown = 200;

function Changes({ preview }: { preview: SheetPreview }) {
  const format = useFormat();
  const { changes } = preview;
  return (
    <>
      <div className="max-h-96 overflow-auto" tabIndex={0} role="region" aria-label={t.sheet.changes}>
        <table className="w-full text-left text-[13px] tabular-nums">
          <thead className="text-fg-3">
            <tr>
              <th className="py-1.5 pr-3 font-medium">{t.sheet.line}</th>
              <th className="py-1.5 pr-3 font-medium">{t.inventory.sku}</th>
              <th className="py-1.5 pr-3 text-right font-medium">{t.sheet.was}</th>
              <th className="py-1.5 pr-3 text-right font-medium">{t.sheet.will}</th>
              <th className="py-1.5 text-right font-medium">{t.inventory.change}</th>
            </tr>
          </thead>
          <tbody>
            {changes.slice(0, shown).map((change) => (
              <tr key={change.line} className="border-t border-line" data-c="sheet-change">
                <td className="py-1.5 pr-3 text-fg-3">{format.count(change.line)}</td>
                <td className="py-1.5 pr-3 [overflow-wrap:anywhere]">
                  {change.sku} {change.new && <span className="text-fg-3">{t.sheet.fresh}</span>}
                </td>
                <td className="py-1.5 pr-3 text-right">{format.count(change.was)}</td>
                <td className="py-1.5 pr-3 text-right">{format.count(change.will)}</td>
                <td className="py-1.5 text-right">{format.signed(change.will - change.was)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {changes.length > shown && <p className="text-[13px] text-fg-3">{t.sheet.more(format.count(changes.length - shown))}</p>}
    </>
  );
}
