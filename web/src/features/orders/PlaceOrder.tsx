import { ChevronRight } from "lucide-react";
import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { useTopic } from "../../sync/hooks";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import { kpis, sync } from "../../wire/topics";
import { toPlace, type Entry, type Wrong } from "./entry";

const noLine = { sku: "", quantity: "1", price: "" };

/** Enters an order that no channel sold. Closed until asked for; absent while direct sales are not connected. */
export function PlaceOrder() {
  const { value: shops } = useTopic(sync);
  const { value: figures } = useTopic(kpis);
  const counters = shops?.items.filter(({ channel }) => channel === "direct") ?? [];
  const first = counters[0];
  if (!first || !figures) return null;
  return (
    <details className="group mb-3 rounded-card border border-line bg-surface px-4" data-c="place-order">
      <summary className="inline-flex min-h-11 cursor-pointer items-center gap-1.5 text-[14px] text-fg-2">
        <ChevronRight className="size-4 transition-transform group-open:rotate-90" aria-hidden="true" />
        {t.direct.enter}
      </summary>
      <EntryForm counters={counters.map(({ id, name }) => [id, name])} first={first.id} currency={figures.workspace.currency} />
    </details>
  );
}

function EntryForm({ counters, first, currency }: { counters: [string, string][]; first: string; currency: string }) {
  const empty: Entry = {
    connection: first, number: "", currency, lines: [noLine], delivery: "", pay: "elsewhere", method: "", name: "", address: "", city: "", state: "", postal: "", region: "",
  };
  const [form, setForm] = useState(empty);
  const [wrong, setWrong] = useState<Wrong>({});
  const { state, run } = useCommand("place-order");
  const set = (change: Partial<Entry>): void => setForm((now) => ({ ...now, ...change }));
  const text = (name: "number" | "delivery" | "method" | "name" | "address" | "city" | "state" | "postal" | "region") => ({
    label: t.direct[name], value: form[name], onChange: (event: { target: { value: string } }) => set({ [name]: event.target.value }), autoComplete: "off",
  });

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const read = toPlace(form);
    setWrong("wrong" in read ? read.wrong : {});
    if ("body" in read) void run(read.body).then((done) => done && setForm({ ...empty, connection: form.connection, pay: form.pay }));
  };

  return (
    <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-3 pb-4">
      <p className="text-[13px] text-fg-3">{t.direct.lead}</p>
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        {counters.length > 1 && <Select label={t.direct.connection} value={form.connection} options={counters} choose={(connection) => set({ connection })} />}
        <Field {...text("number")} hint={t.direct.numberHint} error={wrong.number && t.direct.numberBad} />
      </div>
      {form.lines.map((line, i) => {
        const put = (change: Partial<typeof line>): void => set({ lines: form.lines.map((one, n) => (n === i ? { ...one, ...change } : one)) });
        return (
          <div key={i} className="grid grid-cols-[2fr_1fr_1fr] gap-2">
            <Field label={t.direct.sku} value={line.sku} onChange={(event) => put({ sku: event.target.value })} autoComplete="off" spellCheck={false} error={i === 0 && wrong.lines ? t.direct.linesBad : undefined} />
            <Field label={t.direct.quantity} value={line.quantity} onChange={(event) => put({ quantity: event.target.value })} inputMode="numeric" autoComplete="off" />
            <Field label={t.direct.price(form.currency)} value={line.price} onChange={(event) => put({ price: event.target.value })} inputMode="decimal" autoComplete="off" />
          </div>
        );
      })}
      <Button onClick={() => set({ lines: [...form.lines, noLine] })} disabled={form.lines.length >= 100} className="self-start">
        {t.direct.more}
      </Button>
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        <Field {...text("delivery")} inputMode="decimal" error={wrong.delivery && t.direct.deliveryBad} />
        <Select label={t.direct.pay} value={form.pay} options={Object.entries(t.direct.pays) as [Entry["pay"], string][]} choose={(pay) => set({ pay })} />
        {form.pay === "card" && <Field {...text("method")} hint={t.direct.methodHint} spellCheck={false} error={wrong.method && t.direct.methodBad} />}
        <Field {...text("name")} error={wrong.name && t.direct.nameBad} />
        <Field {...text("address")} />
        <Field {...text("city")} />
        <Field {...text("state")} />
        <Field {...text("postal")} />
        <Field {...text("region")} />
      </div>
      <Button type="submit" tone="primary" busy={state.kind === "sending"} className="self-start">
        {t.direct.place}
      </Button>
      <Said state={state} done={t.direct.placed} />
    </form>
  );
}
