import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { Rows } from "../../ui/Rows";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { Tick } from "../../ui/Tick";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { Location, Role } from "../../wire/api";
import { asProblem } from "../../wire/problem";

/** Where units lie, in the order in which locations are asked for an order's units. */
export function LocationsSection({ role }: { role: Role | undefined }) {
  const { data, error, refetch } = useQuery({ queryKey: ["locations"], queryFn: ({ signal }) => read("/api/v1/locations", {}, signal) });
  const reread = (): void => void refetch();
  const mine = role === "owner";
  const places = data?.items ?? [];
  return (
    <Card title={t.places.card} name="locations">
      <p className="mb-2 text-[13px] text-fg-3">{places.length === 1 ? t.places.alone : t.places.lead}</p>
      {error && <Trouble problem={asProblem(error)} kept={data !== undefined} retry={reread} />}
      {data === undefined && !error && <Rows count={2} />}
      {places.length > 0 && (
        <ol className="flex flex-col">
          {places.map((place, at) => (
            <Row key={place.id} place={place} before={places[at - 1]} places={places} mine={mine} reread={reread} />
          ))}
        </ol>
      )}
      {mine && data && <AddForm reread={reread} />}
      {role !== undefined && !mine && <p className="mt-2 text-[13px] text-fg-3">{t.settings.ownersChange}</p>}
    </Card>
  );
}

interface RowProps {
  place: Location;
  before: Location | undefined;
  places: Location[];
  mine: boolean;
  reread: () => void;
}

function Row({ place, before, places, mine, reread }: RowProps) {
  const [open, setOpen] = useState<"" | "rename" | "close">("");
  const [name, setName] = useState(place.name);
  const set = useCommand("set-location");
  const order = useCommand("order-locations");
  const close = useCommand("close-location");
  const others = places.filter(({ id }) => id !== place.id);
  const [to, setTo] = useState(others[0]?.id ?? "");
  const last = [set, order, close].find(({ state }) => state.kind !== "idle")?.state ?? set.state;
  const then = (done: boolean): void => {
    if (!done) return;
    setOpen("");
    reread();
  };
  const earlier = (): void => {
    const ids = places.map(({ id }) => id).filter((id) => id !== place.id);
    ids.splice(ids.indexOf(before?.id ?? ""), 0, place.id);
    void order.run({ locations: ids }).then(then);
  };
  const rename = (event: FormEvent): void => {
    event.preventDefault();
    if (name.trim() !== "") void set.run({ location: place.id, name: name.trim(), ships: place.ships }).then(then);
  };
  return (
    <li className="border-b border-line py-2 last:border-0" data-c="location" data-location={place.id}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        {mine && (
          <Tick label={t.places.shipsTick(place.name)} checked={place.ships} onChange={(ships) => void set.run({ location: place.id, name: place.name, ships }).then(then)} />
        )}
        <div className="min-w-0 flex-1 basis-40">
          <p className="font-medium [overflow-wrap:anywhere]">{place.name}</p>
          <p className="text-[12px] text-fg-3">{place.ships ? t.places.ships : t.places.shipsNot}</p>
        </div>
        {mine && (
          <div className="flex flex-wrap gap-2">
            {before && (
              <Button onClick={earlier} busy={order.state.kind === "sending"} aria-label={t.places.earlierOf(place.name)}>
                {t.places.earlier}
              </Button>
            )}
            <Button onClick={() => setOpen(open === "rename" ? "" : "rename")} aria-label={t.places.renameOf(place.name)}>
              {t.places.rename}
            </Button>
            {place.id !== "main" && (
              <Button onClick={() => setOpen(open === "close" ? "" : "close")} aria-label={t.places.closeOf(place.name)}>
                {t.places.close}
              </Button>
            )}
          </div>
        )}
      </div>
      {open === "rename" && (
        <form onSubmit={rename} noValidate className="mt-2 flex flex-wrap items-end gap-2">
          <Field
            label={t.places.name}
            value={name}
            onChange={(event) => setName(event.target.value)}
            error={name.trim() === "" ? t.places.nameMissing : undefined}
            autoComplete="off"
            maxLength={60}
            className="flex-1 basis-48"
          />
          <Button type="submit" tone="primary" busy={set.state.kind === "sending"}>
            {t.places.save}
          </Button>
        </form>
      )}
      {open === "close" && (
        <div role="group" aria-label={t.places.closeOf(place.name)} className="mt-2 flex flex-wrap items-end gap-2">
          <Select label={t.places.closeWhy(place.name)} value={to} options={others.map((other) => [other.id, other.name])} choose={setTo} className="flex-1 basis-48" />
          <Button tone="danger" busy={close.state.kind === "sending"} onClick={() => void close.run({ location: place.id, to }).then(then)}>
            {t.places.closeOf(place.name)}
          </Button>
        </div>
      )}
      <Said state={last} done={t.places.done} roomy={false} />
    </li>
  );
}

function AddForm({ reread }: { reread: () => void }) {
  const [name, setName] = useState("");
  const [ships, setShips] = useState(true);
  const [missing, setMissing] = useState(false);
  const { state, run } = useCommand("set-location");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setMissing(name.trim() === "");
    if (name.trim() === "") return;
    void run({ name: name.trim(), ships }).then((done) => {
      if (!done) return;
      setName("");
      setShips(true);
      reread();
    });
  };
  return (
    <form onSubmit={submit} noValidate aria-label={t.places.add} className="mt-3 flex flex-col gap-3 border-t border-line pt-3">
      <h3 className="font-medium">{t.places.add}</h3>
      <Field
        label={t.places.name}
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={missing ? t.places.nameMissing : undefined}
        autoComplete="off"
        maxLength={60}
        className="max-w-sm"
      />
      <div className="flex items-center gap-2 text-[13px]">
        <Tick label={t.places.ships} checked={ships} onChange={setShips} />
        <span aria-hidden="true">{t.places.ships}</span>
      </div>
      <div className="flex flex-col gap-2">
        <Button type="submit" busy={state.kind === "sending"} className="self-start">
          {state.kind === "unsure" ? t.commandState.again : t.places.addDo}
        </Button>
        <Said state={state} done={t.places.added} />
      </div>
    </form>
  );
}
