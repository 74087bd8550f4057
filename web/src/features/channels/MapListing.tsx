import { useCommand } from "../../sync/command";
import { SkuForm } from "../../ui/SkuForm";
import { t } from "../../ui/words/words";

/** Says which of our SKUs a listing's code means. */
export function MapListing({ connection, code, sku, done }: { connection: string; code: string; sku: string; done: () => void }) {
  const { state, run } = useCommand("map-sku");
  return (
    <SkuForm
      label={t.listings.sku}
      proposed={sku}
      does={t.listings.map}
      tone="plain"
      state={state}
      done={t.listings.mapped}
      choose={(wanted) => void run({ connection, code, sku: wanted }).then((mapped) => mapped && done())}
    />
  );
}
