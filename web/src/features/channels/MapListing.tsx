import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";

/** Says which of our SKUs a listing's code means. */
export function MapListing({ connection, code, sku: proposed, done }: { connection: string; code: string; sku: string; done: () => void }) {
  const [sku, setSku] = useState(proposed);
  const { state, run } = useCommand("map-sku");
  const wanted = sku.trim().normalize("NFC");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (wanted !== "") void run({ connection, code, sku: wanted }).then((mapped) => mapped && done());
  };
  return (
    <form onSubmit={submit} className="mt-2 flex flex-wrap items-end gap-2">
      <Field label={t.listings.sku} value={sku} onChange={(event) => setSku(event.target.value)} maxLength={100} autoComplete="off" spellCheck={false} className="w-56" />
      <Button type="submit" busy={state.kind === "sending"} disabled={wanted === ""}>
        {t.listings.map}
      </Button>
      <Said state={state} done={t.listings.mapped} roomy={false} />
    </form>
  );
}
