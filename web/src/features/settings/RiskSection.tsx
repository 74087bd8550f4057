import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
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
import type { RiskRules as Rules, Role } from "../../wire/api";
import { asProblem } from "../../wire/problem";
import { amounts, toSet, typed, within } from "./risk";

/** By which rules an order is held for review before it is sent. */
export function RiskSection({ role }: { role: Role | undefined }) {
  const { data, error, refetch } = useQuery({ queryKey: ["risk"], queryFn: ({ signal }) => read("/api/v1/risk", {}, signal), refetchOnWindowFocus: false });
  return (
    <Card title={t.risk.card} name="risk-form">
      {error && <Trouble problem={asProblem(error)} kept={data !== undefined} retry={() => void refetch()} />}
      {data === undefined && !error && <Rows count={6} />}
      {data && <RiskForm rules={data} role={role} reread={() => void refetch()} />}
    </Card>
  );
}

function RiskForm({ rules, role, reread }: { rules: Rules; role: Role | undefined; reread: () => void }) {
  const [form, setForm] = useState(() => typed(rules));
  const { state, run, forget } = useCommand("configure-risk");
  useEffect(() => setForm(typed(rules)), [rules]); // what was saved, or what somebody else did
  const set = toSet(rules, form);
  const moved = state.kind === "refused" && state.problem.status === 412;

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (set) void run(set).then((done) => done && reread());
  };
  const money = (text: string): string | undefined => (amounts(text) ? undefined : t.risk.amountsBad);
  const number = (text: string, most: number): string | undefined => (within(text, 1, most) === undefined ? t.risk.numberBad(1, most) : undefined);

  return (
    <form onSubmit={submit} noValidate>
      <fieldset disabled={role !== "owner"} className="flex max-w-md min-w-0 flex-col gap-4">
        <p className="text-[13px] text-fg-3">{t.risk.lead}</p>
        <Rule name={t.risk.total} why={t.risk.totalWhy} on={form.total} set={(total) => setForm({ ...form, total })}>
          <Field label={t.risk.over} value={form.over} onChange={(event) => setForm({ ...form, over: event.target.value })} hint={t.risk.amountsHint} error={money(form.over)} autoComplete="off" />
        </Rule>
        <Rule name={t.risk.mismatch} why={t.risk.mismatchWhy} on={form.mismatch} set={(mismatch) => setForm({ ...form, mismatch })}>
          <Field label={t.risk.from} value={form.from} onChange={(event) => setForm({ ...form, from: event.target.value })} error={money(form.from)} autoComplete="off" />
        </Rule>
        <Rule name={t.risk.repeats} why={t.risk.repeatsWhy} on={form.repeats} set={(repeats) => setForm({ ...form, repeats })}>
          <div className="grid grid-cols-2 gap-3">
            <Field label={t.risk.orders} value={form.orders} onChange={(event) => setForm({ ...form, orders: event.target.value })} error={number(form.orders, 100)} inputMode="numeric" autoComplete="off" />
            <Field label={t.risk.hours} value={form.hours} onChange={(event) => setForm({ ...form, hours: event.target.value })} error={number(form.hours, 720)} inputMode="numeric" autoComplete="off" />
          </div>
        </Rule>
        <Select label={t.risk.stock} value={form.stock} options={Object.entries(t.risk.stocks) as ["kept" | "freed", string][]} choose={(stock) => setForm({ ...form, stock })} />
        {role === undefined || role === "owner" ? (
          <div className="flex flex-col gap-2">
            <div className="flex flex-wrap gap-2">
              <Button type="submit" tone="primary" busy={state.kind === "sending"} disabled={!set}>
                {state.kind === "unsure" ? t.commandState.again : t.risk.save}
              </Button>
              {moved && (
                <Button
                  onClick={() => {
                    forget();
                    reread();
                  }}
                >
                  {t.risk.moved}
                </Button>
              )}
            </div>
            <Said state={state} done={t.risk.saved} />
          </div>
        ) : (
          <p className="text-[13px] text-fg-3">{t.settings.ownersChange}</p>
        )}
      </fieldset>
    </form>
  );
}

/** One rule: whether it holds orders, why one would want that, and its figures. */
function Rule({ name, why, on, set, children }: { name: string; why: string; on: boolean; set: (on: boolean) => void; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-2 border-t border-line pt-3">
      <div className="flex items-center gap-2">
        <Tick label={t.risk.on(name)} checked={on} onChange={set} />
        <h3 className="text-[14px] font-medium">{name}</h3>
      </div>
      <p className="text-[13px] text-fg-3">{why}</p>
      {children}
    </div>
  );
}
