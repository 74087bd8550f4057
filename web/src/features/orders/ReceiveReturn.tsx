import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { Claim } from "../../wire/api";

/** What came back of a return, by condition: what can be sold again is on hand at once, what is damaged is not. */
export function ReceiveReturn({ order, claim }: { order: string; claim: Claim }) {
  const [units, setUnits] = useState<Record<string, string>>({});
  const [wrong, setWrong] = useState(false);
  const { state, run } = useCommand("receive-return");
  const skus = claim.due.map(({ sku }) => sku);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const items = skus.flatMap((sku) =>
      (["sellable", "damaged"] as const).flatMap((condition) => {
        const text = (units[`${sku} ${condition}`] ?? "").trim();
        return text === "" ? [] : [{ sku, condition, quantity: /^\d{1,6}$/.test(text) ? Number(text) : NaN }];
      }),
    );
    const bad = items.length === 0 || items.some(({ quantity }) => !(quantity >= 1));
    setWrong(bad);
    if (!bad) void run({ order, claim: claim.id, items }).then((done) => done && setUnits({}));
  };

  return (
    <form onSubmit={submit} noValidate className="mt-2 flex flex-col gap-2" data-c="receive-return">
      {skus.map((sku) => (
        <fieldset key={sku} className="grid grid-cols-2 gap-2">
          <legend className="mb-1 font-mono text-[12px] text-fg-3">{sku}</legend>
          {(["sellable", "damaged"] as const).map((condition) => (
            <Field
              key={condition}
              label={t.claims.unitsOf[condition]}
              value={units[`${sku} ${condition}`] ?? ""}
              onChange={(event) => setUnits({ ...units, [`${sku} ${condition}`]: event.target.value })}
              inputMode="numeric"
              autoComplete="off"
            />
          ))}
        </fieldset>
      ))}
      {wrong && <p className="text-[12px] text-crit">{t.claims.receiveBad}</p>}
      <Button type="submit" busy={state.kind === "sending"} className="self-start">
        {t.claims.receive}
      </Button>
      <Said state={state} done={t.claims.receivedDone} roomy={false} />
    </form>
  );
}
