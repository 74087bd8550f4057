import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { SkuListing } from "../../wire/api";

const policies = ["hybrid", "escrow", "mirror"] as const;
type Policy = (typeof policies)[number];
const scopes = ["sku", "all"] as const;

/** Says how this SKU, or every one, is listed, on one shop or on all. Closed until asked for. */
export function PolicyForm({ sku, listings }: { sku: string; listings: SkuListing[] }) {
  const { data: session } = useQuery({ queryKey: ["session"], queryFn: ({ signal }) => read("/api/v1/session", {}, signal) });
  const [scope, setScope] = useState<(typeof scopes)[number]>("sku");
  const [connection, setConnection] = useState("");
  const [chosen, setChosen] = useState<Policy>(); // while nobody chose, what holds is shown
  const [typed, setTyped] = useState<string>();
  const { state, run } = useCommand("set-listing-policy");
  const written = listings.filter(({ pushing, catalogue }) => pushing && !catalogue); // which shop a catalogue follows is not said here, and would be forgotten
  const holds = written.find((listing) => connection === "" || listing.connection === connection);
  if (session?.role !== "owner" || holds === undefined || holds.policy === "") return null;
  const policy = chosen ?? holds.policy;
  const buffer = typed ?? String(holds.buffer);
  const wrong = !/^\d{1,6}$/.test(buffer.trim());
  const shops = new Map(written.map((listing) => [listing.connection, listing.connection_name]));
  const save = (event: FormEvent): void => {
    event.preventDefault();
    if (wrong) return;
    void run({ policy, ...(scope === "sku" && { sku }), ...(connection !== "" && { connection }), buffer: Number(buffer) });
  };
  return (
    <details className="group" data-c="policy">
      <summary className="inline-flex min-h-11 cursor-pointer items-center gap-1.5 text-[13px] text-fg-2">
        <ChevronRight className="size-4 transition-transform group-open:rotate-90" aria-hidden="true" />
        {t.inventory.policyTitle}
      </summary>
      <form onSubmit={save} className="flex flex-col gap-2">
        <p className="text-[13px] text-fg-3">{t.inventory.policyWhy}</p>
        <div className="flex flex-col gap-2">
          <Select label={t.inventory.policyName} value={policy} options={policies.map((name) => [name, t.inventory.policy[name]])} choose={setChosen} />
          <Field
            label={t.inventory.policyBuffer[policy]}
            inputMode="numeric"
            value={buffer}
            error={wrong ? t.inventory.policyBufferWrong : undefined}
            onChange={(event) => setTyped(event.target.value)}
          />
          <Select label={t.inventory.policyScope} value={scope} options={scopes.map((name) => [name, t.inventory.outageScopes[name]])} choose={setScope} />
          <Select
            label={t.inventory.policyShop}
            value={connection}
            options={[["", t.inventory.policyEvery], ...shops]}
            choose={(next) => {
              setConnection(next);
              setChosen(undefined);
              setTyped(undefined);
            }}
          />
        </div>
        <Button type="submit" busy={state.kind === "sending"} className="self-start">
          {t.inventory.outageSave}
        </Button>
        <Said state={state} done={t.inventory.outageSaved} roomy={false} />
      </form>
    </details>
  );
}
