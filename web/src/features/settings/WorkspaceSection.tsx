import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { useTopic } from "../../sync/hooks";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { Role, Workspace } from "../../wire/api";
import { kpis } from "../../wire/topics";
import { agreed, clashes, isNew, proposal, toSet, type Typed } from "./workspace";

/** What the business is called, in which zone its day begins and what it counts in. */
export function WorkspaceSection({ role }: { role: Role | undefined }) {
  const { value, problem, retry } = useTopic(kpis);
  const workspace = value?.workspace;
  return (
    <Card title={t.workspace.card} name="workspace-form">
      {problem && <Trouble problem={problem} kept={value !== undefined} retry={retry} />}
      {/* before anything is known the form is there, locked, so that nothing moves when it is */}
      <WorkspaceForm key={workspace === undefined ? "unknown" : "known"} workspace={workspace ?? unknown} role={workspace && role} />
    </Card>
  );
}

const unknown: Workspace = { name: "", zone: "", currency: "", orders_title: "", demo: "none", versions: { name: 1, zone: 1, currency: 1, orders_title: 1 } };

function WorkspaceForm({ workspace, role }: { workspace: Workspace; role: Role | undefined }) {
  const [seen, setSeen] = useState(workspace); // what the answers are compared with, whatever happens meanwhile
  const [form, setForm] = useState(() => proposal(seen, Intl.DateTimeFormat().resolvedOptions().timeZone));
  const { state, run, forget } = useCommand("configure-workspace");
  const navigate = useNavigate();
  const first = isNew(seen);

  const moved = state.kind === "refused" && state.problem.status === 412 ? clashes(seen, workspace, form) : [];
  const settle = (field: keyof Typed, value: string): void => {
    if (moved.length === 1) forget();
    setForm({ ...form, [field]: value });
    setSeen({ ...seen, [field]: workspace[field], versions: { ...seen.versions, [field]: workspace.versions[field] } }); // the next save knows of theirs
  };

  const now = useRef(workspace);
  now.current = workspace;
  useEffect(() => {
    if (state.kind === "shown") setSeen(now.current); // our own change came back
  }, [state.kind]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run(toSet(agreed(seen, workspace, form), form)).then((done) => {
      if (done && first) void navigate({ to: "/" });
    });
  };

  return (
    <form onSubmit={submit} noValidate>
      <fieldset disabled={role !== "owner"} className="flex max-w-md min-w-0 flex-col gap-3">
        <p className="text-[13px] text-fg-3">{t.workspace.lead}</p>
        <Field
          label={t.workspace.name}
          value={form.name}
          onChange={(event) => setForm({ ...form, name: event.target.value })}
          autoComplete="organization"
          required
        />
        <Field
          label={t.workspace.zone}
          value={form.zone}
          onChange={(event) => setForm({ ...form, zone: event.target.value })}
          list="zones"
          autoComplete="off"
          hint={t.workspace.zoneHint}
          required
        />
        <datalist id="zones">
          {Intl.supportedValuesOf("timeZone").map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
        <Field
          label={t.workspace.currency}
          value={form.currency}
          onChange={(event) => setForm({ ...form, currency: event.target.value })}
          autoComplete="off"
          hint={t.workspace.currencyHint}
          required
        />
        {!first && (
          <Field
            label={t.workspace.ordersTitle}
            value={form.orders_title}
            onChange={(event) => setForm({ ...form, orders_title: event.target.value })}
            autoComplete="off"
            hint={t.workspace.ordersTitleHint}
            maxLength={40}
          />
        )}
        {role === undefined || role === "owner" ? (
          <div className="flex flex-col gap-2">
            <Button type="submit" tone="primary" busy={state.kind === "sending"} className="self-start">
              {state.kind === "unsure" ? t.commandState.again : first ? t.workspace.saveFirst : t.workspace.save}
            </Button>
            {moved.length > 0 ? (
              <div role="alert" className="flex flex-col gap-2 rounded-control border border-warn-line bg-warn-soft p-3 text-[13px]" data-c="both-versions">
                <p className="text-warn">{t.workspace.moved}</p>
                {moved.map(({ field, theirs, mine }) => (
                  <div key={field} className="flex flex-wrap items-center gap-2">
                    <p className="min-w-0 flex-1 basis-56 text-fg-2 [overflow-wrap:anywhere]">
                      {t.workspace.theirs(t.workspace.fields[field], theirs)} {t.workspace.mine(mine)}
                    </p>
                    <Button onClick={() => settle(field, theirs)}>{t.workspace.takeTheirs}</Button>
                    <Button onClick={() => settle(field, mine)}>{t.workspace.keepMine}</Button>
                  </div>
                ))}
              </div>
            ) : (
              <Said state={state} done={t.workspace.saved} />
            )}
          </div>
        ) : (
          <p className="text-[13px] text-fg-3">{t.settings.ownersChange}</p>
        )}
      </fieldset>
    </form>
  );
}
