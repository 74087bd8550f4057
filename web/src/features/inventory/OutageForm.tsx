import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { StockDetail } from "../../wire/api";

const spans = [0, 15, 60, 240, 1440, 4320, 10080];
const scopes = ["sku", "all"] as const;

/** Says which outage of the hub this SKU, or every one, must survive where units are listed on several shops. Closed until asked for. */
export function OutageForm({ sku, outage }: { sku: string; outage: StockDetail["outage"] }) {
  const { data: session } = useQuery({ queryKey: ["session"], queryFn: ({ signal }) => read("/api/v1/session", {}, signal) });
  const format = useFormat();
  const [scope, setScope] = useState<(typeof scopes)[number]>("sku");
  const [chosen, setChosen] = useState<string>(); // while nobody chose, what holds is shown
  const holds = scope === "sku" ? outage.minutes : outage.others;
  const minutes = chosen ?? String(holds);
  const { state, run } = useCommand("set-outage");
  const save = (event: FormEvent): void => {
    event.preventDefault();
    void run({ minutes: Number(minutes), ...(scope === "sku" && { sku }) });
  };
  if (session?.role !== "owner") return null;
  // an owner may have said another span by the API
  const offered = [...new Set([...spans, holds])].filter((n) => n > 0 || scope === "sku").sort((a, b) => a - b);
  const span = (n: number): string => format.duration(n * 60);
  const words = (n: number): string => (n === 0 ? t.inventory.outageAsOthers(span(outage.others)) : span(n));
  return (
    <details className="group" data-c="outage">
      <summary className="inline-flex min-h-11 cursor-pointer items-center gap-1.5 text-[13px] text-fg-2">
        <ChevronRight className="size-4 transition-transform group-open:rotate-90" aria-hidden="true" />
        {t.inventory.outage(span(outage.minutes || outage.others))}
      </summary>
      <form onSubmit={save} className="flex flex-col gap-2">
        <p className="text-[13px] text-fg-3">{t.inventory.outageWhy}</p>
        <div className="flex flex-col gap-2">
          <Select label={t.inventory.outageSpan} value={minutes} options={offered.map((n) => [String(n), words(n)])} choose={setChosen} />
          <Select
            label={t.inventory.outageScope}
            value={scope}
            options={scopes.map((n) => [n, t.inventory.outageScopes[n]])}
            choose={(next) => {
              setScope(next);
              setChosen(undefined);
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
