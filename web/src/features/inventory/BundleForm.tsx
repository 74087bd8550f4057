import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import { wholeNumber } from "./whole";

interface Part {
  sku: string;
  quantity: string;
}

const most = 20;

/** Says what a bundle is made of: of a new one its SKU, too. */
export function BundleForm({ sku, parts = [] }: { sku?: string; parts?: { sku: string; quantity: number }[] }) {
  const [name, setName] = useState(sku ?? "");
  const [rows, setRows] = useState<Part[]>(parts.length > 0 ? parts.map((part) => ({ sku: part.sku, quantity: String(part.quantity) })) : [{ sku: "", quantity: "1" }]);
  const [tried, setTried] = useState(false);
  const { state, run } = useCommand("define-bundle");

  const set = (at: number, change: Partial<Part>): void => setRows(rows.map((row, i) => (i === at ? { ...row, ...change } : row)));
  const filled = rows.filter((row) => row.sku.trim() !== "");
  const badUnits = (row: Part): boolean => row.sku.trim() !== "" && !((wholeNumber(row.quantity) ?? 0) >= 1);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (name.trim() === "" || filled.length === 0 || filled.some(badUnits)) return;
    void run({ sku: name.trim(), components: filled.map((row) => ({ sku: row.sku.trim(), quantity: wholeNumber(row.quantity) ?? 0 })) });
  };

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3" data-c="bundle-form">
      {sku === undefined && (
        <Field
          label={t.bundle.sku}
          hint={t.bundle.skuHint}
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          maxLength={100}
          error={tried && name.trim() === "" ? t.bundle.skuBad : undefined}
          required
        />
      )}
      {rows.map((row, i) => (
        <div key={i} className="grid grid-cols-[1fr_6rem] gap-2">
          <Field
            label={t.bundle.component}
            value={row.sku}
            onChange={(event) => set(i, { sku: event.target.value })}
            autoComplete="off"
            spellCheck={false}
            maxLength={100}
            error={tried && i === 0 && filled.length === 0 ? t.bundle.componentBad : undefined}
          />
          <Field
            label={t.bundle.units}
            value={row.quantity}
            onChange={(event) => set(i, { quantity: event.target.value })}
            inputMode="numeric"
            autoComplete="off"
            error={tried && badUnits(row) ? t.bundle.unitsBad : undefined}
          />
        </div>
      ))}
      {rows.length < most && (
        <Button type="button" className="self-start" onClick={() => setRows([...rows, { sku: "", quantity: "1" }])}>
          {t.bundle.another}
        </Button>
      )}
      <div className="flex flex-col gap-2">
        <Button type="submit" tone={sku === undefined ? "primary" : "plain"} busy={state.kind === "sending"} className="self-start">
          {state.kind === "unsure" ? t.commandState.again : sku === undefined ? t.bundle.make : t.bundle.change}
        </Button>
        <Said state={state} done={t.bundle.made} />
      </div>
    </form>
  );
}
