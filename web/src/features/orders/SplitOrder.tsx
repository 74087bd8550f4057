import { ChevronRight } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";
import { amount } from "./ParcelForm";

/** Sends a part of an order in a package of its own. Closed until asked for; absent when the server would refuse it. */
export function SplitOrder({ order }: { order: OrderDetail }) {
  const [units, setUnits] = useState<Record<string, string>>({});
  const [wrong, setWrong] = useState(false);
  const { state, run } = useCommand("split-order");
  if (!order.shipping.can.includes("split-order") && state.kind === "idle") return null;
  const sums = new Map<string, { code: string; quantity: number }>();
  for (const { listing, code, quantity } of order.lines) sums.set(listing, { code, quantity: quantity + (sums.get(listing)?.quantity ?? 0) });
  const lines = [...sums].map(([listing, line]) => ({ listing, ...line }));

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const taken = lines.map(({ listing, quantity }) => ({ listing, all: quantity, quantity: amount(units[listing] ?? "0", quantity) }));
    const first = taken.filter(({ quantity }) => quantity !== 0).map(({ listing, quantity }) => ({ listing, quantity }));
    const rest = taken.filter(({ all, quantity }) => quantity < all).map(({ listing, all, quantity }) => ({ listing, quantity: all - quantity }));
    const bad = taken.some(({ quantity }) => Number.isNaN(quantity)) || first.length === 0 || rest.length === 0;
    setWrong(bad);
    if (!bad) void run({ order: order.id, groups: [{ items: first }, { items: rest }] });
  };

  return (
    <details className="group mt-2 border-t border-line pt-2" data-c="split-order">
      <summary className="inline-flex min-h-9 cursor-pointer items-center gap-1.5 text-[13px] text-fg-2 max-md:min-h-11">
        <ChevronRight className="size-4 transition-transform group-open:rotate-90" aria-hidden="true" />
        {t.shipping.splitTitle}
      </summary>
      <p className="mt-1 mb-2 text-[13px] text-fg-3">{t.shipping.splitWhy}</p>
      <form onSubmit={submit} noValidate className="flex flex-col gap-2">
        {lines.map(({ listing, code, quantity }) => (
          <Field
            key={listing}
            label={t.shipping.unitsOf(code, quantity)}
            value={units[listing] ?? "0"}
            onChange={(event) => setUnits({ ...units, [listing]: event.target.value })}
            inputMode="numeric"
            autoComplete="off"
          />
        ))}
        {wrong && <p className="text-[12px] text-crit">{t.shipping.splitBad}</p>}
        <Button type="submit" busy={state.kind === "sending"} className="self-start">
          {t.shipping.split}
        </Button>
        <Said state={state} done={t.shipping.telling} roomy={false} />
      </form>
    </details>
  );
}
