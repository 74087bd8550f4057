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
import { isNew, proposal, toSet } from "./workspace";

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

const unknown: Workspace = { name: "", zone: "", currency: "", versions: { name: 1, zone: 1, currency: 1 } };

function WorkspaceForm({ workspace, role }: { workspace: Workspace; role: Role | undefined }) {
  const [seen, setSeen] = useState(workspace); // what the answers are compared with, whatever happens meanwhile
  const [form, setForm] = useState(() => proposal(seen, Intl.DateTimeFormat().resolvedOptions().timeZone));
  const { state, run } = useCommand("configure-workspace");
  const navigate = useNavigate();
  const first = isNew(seen);

  const now = useRef(workspace);
  now.current = workspace;
  useEffect(() => {
    if (state.kind === "shown") setSeen(now.current); // our own change came back
  }, [state.kind]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run(toSet(seen, form)).then((done) => {
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
        {role === undefined || role === "owner" ? (
          <div className="flex flex-col gap-2">
            <Button type="submit" tone="primary" busy={state.kind === "sending"} className="self-start">
              {state.kind === "unsure" ? t.commandState.again : first ? t.workspace.saveFirst : t.workspace.save}
            </Button>
            <Said state={state} done={t.workspace.saved} />
          </div>
        ) : (
          <p className="text-[13px] text-fg-3">{t.settings.ownersChange}</p>
        )}
      </fieldset>
    </form>
  );
}
