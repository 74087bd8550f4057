import { useState } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";

/** From which location an order ships, why, and another choice until its parcel goes. Absent for a seller with one location. */
export function OriginCard({ order }: { order: OrderDetail }) {
  const format = useFormat();
  const { origin } = order;
  const [chosen, choose] = useState("");
  const { state, run } = useCommand("choose-location");
  if (!origin) return null;
  const others = origin.others;
  const to = others.find(({ id }) => id === chosen) ?? others[0];
  return (
    <Card title={t.places.origin} name="origin">
      <p className="text-[13px]" data-c="origin-sentence">
        {origin.sentence === "" ? t.places.undecided : origin.sentence}
      </p>
      {new Set(origin.parts.map(({ location }) => location)).size > 1 && (
        <ul className="mt-2 flex flex-col text-[13px] text-fg-2">
          {origin.parts.map((part) => (
            <li key={`${part.sku} ${part.location}`} className="flex flex-wrap justify-between gap-x-3 tabular-nums">
              <span className="font-mono">{`${format.count(part.quantity)} \u00d7 ${part.sku}`}</span>
              <span className="text-fg-3">{part.name}</span>
            </li>
          ))}
        </ul>
      )}
      {to && (
        <div className="mt-3 flex flex-wrap items-end gap-2">
          <Select label={t.places.choose} value={to.id} options={others.map(({ id, name }) => [id, name])} choose={choose} className="w-56" />
          <Button busy={state.kind === "sending"} onClick={() => void run({ order: order.id, location: to.id })}>
            {state.kind === "unsure" ? t.commandState.again : t.places.chooseDo}
          </Button>
        </div>
      )}
      <Said state={state} done={t.places.chosen} roomy={false} />
    </Card>
  );
}
