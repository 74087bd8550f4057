import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { Rows } from "../../ui/Rows";
import { Said } from "../../ui/Said";
import { Tick } from "../../ui/Tick";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { LabelPartner } from "../../wire/api";
import { asProblem } from "../../wire/problem";
import { useChange } from "./change";
import { Confirm } from "./Confirm";
import { grams, millimetres, toSet, typed, type Typed } from "./labels";

const key = ["label-partner"];

/** From whom labels of the seller's own carriers are bought. */
export function LabelSection() {
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: ({ signal }) => read("/api/v1/label-partner", {}, signal), refetchOnWindowFocus: false });
  return (
    <Card title={t.labels.card} name="label-form">
      {error && <Trouble problem={asProblem(error)} kept={data !== undefined} retry={() => void refetch()} />}
      {data === undefined && !error && <Rows count={6} />}
      {data && <LabelForm now={data} />}
    </Card>
  );
}

function LabelForm({ now }: { now: LabelPartner }) {
  const queries = useQueryClient();
  const [form, setForm] = useState(() => typed(now));
  const [tried, setTried] = useState(false);
  const [asked, setAsked] = useState(false);
  const [said, setSaid] = useState("");
  const { state, run } = useChange();
  const busy = state.kind === "sending";
  useEffect(() => setForm(typed(now)), [now]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    const set = toSet(now, form);
    if (!set) return;
    setSaid(t.labels.saved);
    void run("post", "/api/v1/label-partner", { body: set }).then((answer) => {
      if (!answer) return;
      setTried(false);
      queries.setQueryData(key, answer.body);
    });
  };
  const remove = async (): Promise<void> => {
    setSaid(t.labels.removed);
    const answer = await run("delete", "/api/v1/label-partner", {});
    setAsked(false);
    if (answer) queries.setQueryData(key, answer.body);
  };
  const field = (name: keyof Typed & keyof typeof t.labels.fields, more: { hint?: string; bad?: string | undefined; type?: string; mode?: "numeric" | "decimal" } = {}) => (
    <Field
      label={t.labels.fields[name]}
      value={String(form[name])}
      onChange={(event) => setForm({ ...form, [name]: event.target.value })}
      hint={more.hint}
      error={tried ? more.bad : undefined}
      type={more.type ?? "text"}
      inputMode={more.mode}
      autoComplete="off"
    />
  );
  const missing = (name: keyof Typed): string | undefined => (String(form[name]).trim() === "" ? t.labels.missing : undefined);
  const side = (name: "length" | "width" | "height"): string | undefined => (millimetres(form[name]) ? undefined : t.labels.sideBad);

  return (
    <form onSubmit={submit} noValidate className="flex max-w-md min-w-0 flex-col gap-3">
      <p className="text-[13px] text-fg-3">{now.partner === "" ? t.labels.lead : now.test ? t.labels.onTest : t.labels.on}</p>
      {field("key", { type: "password", hint: now.partner === "" ? t.labels.keyHint : t.labels.kept, bad: now.partner === "" ? missing("key") : undefined })}
      <div className="flex items-center gap-2">
        <Tick label={t.labels.automatic} checked={form.automatic} onChange={(automatic) => setForm({ ...form, automatic })} />
        <span className="text-[14px]" aria-hidden="true">
          {t.labels.automatic}
        </span>
      </div>
      <div className="grid grid-cols-2 gap-3">
        {field("carrier", { hint: t.labels.carrierHint })}
        {field("service")}
        {field("grams", { mode: "numeric", bad: grams(form.grams) ? undefined : t.labels.gramsBad })}
        {field("length", { mode: "decimal", bad: side("length") })}
        {field("width", { mode: "decimal", bad: side("width") })}
        {field("height", { mode: "decimal", bad: side("height") })}
      </div>
      <h3 className="border-t border-line pt-3 text-[14px] font-medium">{t.labels.from}</h3>
      {field("name", { bad: missing("name") })}
      {field("line1", { bad: missing("line1") })}
      {field("line2")}
      <div className="grid grid-cols-2 gap-3">
        {field("city", { bad: missing("city") })}
        {field("postalCode")}
        {field("state")}
        {field("country", { hint: t.labels.countryHint, bad: /^[A-Za-z]{2}$/.test(form.country.trim()) ? undefined : t.labels.countryHint })}
      </div>
      {field("secret", { type: "password", hint: now.signed ? t.labels.kept : t.labels.secretHint })}
      <details className="text-[13px]">
        <summary className="flex min-h-9 cursor-pointer items-center text-fg-2 max-md:min-h-11">{t.labels.simulator}</summary>
        {field("address", { hint: t.labels.addressHint })}
      </details>
      <div className="flex flex-wrap gap-2">
        <Button type="submit" tone="primary" busy={busy}>
          {t.labels.save}
        </Button>
        {now.partner !== "" && (
          <Button tone="danger" busy={busy} onClick={() => setAsked(true)}>
            {t.labels.remove}
          </Button>
        )}
      </div>
      {asked && <Confirm sentence={t.labels.removeConfirm} does={t.labels.remove} busy={busy} act={() => void remove()} keep={() => setAsked(false)} />}
      <Said state={state} done={said} />
    </form>
  );
}
