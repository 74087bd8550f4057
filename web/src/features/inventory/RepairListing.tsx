import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";

/** Has the hub look at once at what a shop lists of a SKU, and write what differs. */
export function RepairListing({ connection, sku }: { connection: string; sku: string }) {
  const { state, run } = useCommand("repair-listing");
  return (
    <div className="mt-1.5" data-c="repair">
      <Button busy={state.kind === "sending"} onClick={() => void run({ connection, sku })}>
        {t.repair.now}
      </Button>
      <Said state={state} done={t.repair.done} roomy={false} />
    </div>
  );
}
