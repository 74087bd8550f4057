import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { useTopic } from "../../sync/hooks";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { PageHead } from "../../ui/PageHead";
import { Said } from "../../ui/Said";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { Workspace } from "../../wire/api";
import { kpis } from "../../wire/topics";
import { proposal, toSet } from "./workspace";

/** What the business is called, in which zone its day begins and what it counts in. */
export function WorkspacePage() {
  const { value, problem, retry } = useTopic(kpis);
  return (
    <>
      <PageHead title={t.workspace.title} lead={t.workspace.lead} />
      {problem && <Trouble problem={problem} kept={value !== undefined} retry={retry} />}
      {value && (
        <Card title={t.workspace.card} name="workspace-form" className="max-w-md">
          <WorkspaceForm workspace={value.workspace} />
        </Card>
      )}
    </>
  );
}

function WorkspaceForm({ workspace }: { workspace: Workspace }) {
  const [seen] = useState(workspace); // what the answers are compared with, whatever happens meanwhile
  const [form, setForm] = useState(() => proposal(seen, Intl.DateTimeFormat().resolvedOptions().timeZone));
  const { state, run } = useCommand("configure-workspace");
  const navigate = useNavigate();

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run(toSet(seen, form)).then((done) => {
      if (done) void navigate({ to: "/" });
    });
  };

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
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
      <div className="flex flex-col gap-2">
        <Button type="submit" tone="primary" busy={state.kind === "sending"} className="self-start">
          {state.kind === "unsure" ? t.commandState.again : t.workspace.save}
        </Button>
        <Said state={state} done={t.workspace.saved} />
      </div>
    </form>
  );
}
