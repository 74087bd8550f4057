import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { Rows } from "../../ui/Rows";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { Role, Shortage } from "../../wire/api";
import { asProblem } from "../../wire/problem";

type Path = Shortage["path"];
const paths = Object.entries(t.shortage.paths) as [Path, string][];

/** What is done with an order that there is not enough stock for, for all SKUs and for single ones. */
export function ShortageSection({ role }: { role: Role | undefined }) {
  const { data, error, refetch } = useQuery({ queryKey: ["shortage"], queryFn: ({ signal }) => read("/api/v1/shortage", {}, signal), refetchOnWindowFocus: false });
  const reread = (): void => void refetch();
  return (
    <Card title={t.shortage.card} name="shortage">
      {error && <Trouble problem={asProblem(error)} kept={data !== undefined} retry={reread} />}
      {data === undefined && !error && <Rows count={3} />}
      {data && (
        <fieldset disabled={role !== "owner"} className="flex max-w-md min-w-0 flex-col gap-4">
          <p className="text-[13px] text-fg-3">{t.shortage.lead}</p>
          <ForAll path={data.path} reread={reread} />
          <ForSkus skus={data.skus} reread={reread} />
          {role !== undefined && role !== "owner" && <p className="text-[13px] text-fg-3">{t.settings.ownersChange}</p>}
        </fieldset>
      )}
    </Card>
  );
}

function ForAll({ path, reread }: { path: Path; reread: () => void }) {
  const [chosen, setChosen] = useState(path);
  useEffect(() => setChosen(path), [path]); // what was saved, or what somebody else did
  const { state, run } = useCommand("set-shortage-path");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run({ path: chosen }).then((done) => done && reread());
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2" data-c="shortage-all">
      <Select label={t.shortage.all} value={chosen} options={paths} choose={setChosen} hint={t.shortage.whys[chosen]} />
      <Button type="submit" tone="primary" className="self-start" busy={state.kind === "sending"}>
        {t.shortage.save}
      </Button>
      <Said state={state} done={t.shortage.saved} roomy={false} />
    </form>
  );
}

function ForSkus({ skus, reread }: { skus: Shortage["skus"]; reread: () => void }) {
  const [sku, setSku] = useState("");
  const [path, setPath] = useState<Path>("backorder");
  const { state, run } = useCommand("set-shortage-path");
  const wanted = sku.trim().normalize("NFC");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (wanted === "") return;
    void run({ sku: wanted, path }).then((done) => {
      if (!done) return;
      setSku("");
      reread();
    });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2 border-t border-line pt-3" data-c="shortage-sku">
      <h3 className="text-[14px] font-medium">{t.shortage.single}</h3>
      {skus.length > 0 && (
        <ul className="flex flex-col text-[13px]">
          {skus.map((own) => (
            <li key={own.sku} className="flex min-h-9 flex-wrap items-center justify-between gap-x-3 border-b border-line last:border-0" data-c="shortage-own">
              <span className="min-w-0 truncate font-mono">{own.sku}</span>
              <span className="flex items-center gap-3 text-fg-2">
                {t.shortage.paths[own.path]}
                <Button type="button" onClick={() => void run({ sku: own.sku, path: "default" }).then((done) => done && reread())} aria-label={t.shortage.asAllOf(own.sku)}>
                  {t.shortage.asAll}
                </Button>
              </span>
            </li>
          ))}
        </ul>
      )}
      <Field label={t.shortage.sku} value={sku} onChange={(event) => setSku(event.target.value)} maxLength={100} autoComplete="off" spellCheck={false} />
      <Select label={t.shortage.then} value={path} options={paths} choose={setPath} />
      <Button type="submit" className="self-start" busy={state.kind === "sending"} disabled={wanted === ""}>
        {t.shortage.add}
      </Button>
      <Said state={state} done={t.shortage.saved} roomy={false} />
    </form>
  );
}
