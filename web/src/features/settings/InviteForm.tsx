import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { t } from "../../ui/words/words";
import type { Role } from "../../wire/api";
import { roles } from "./describe";
import { Select } from "../../ui/Select";

/** Makes a user and a link for them. */
export function InviteForm({ busy, invite }: { busy: boolean; invite: (name: string, role: Role) => Promise<boolean> }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [missing, setMissing] = useState(false);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setMissing(name.trim() === "");
    if (name.trim() === "") return;
    void invite(name.trim(), role).then((done) => {
      if (done) setName("");
    });
  };

  return (
    <form onSubmit={submit} noValidate aria-label={t.settings.inviteTitle} className="mt-4 flex flex-col gap-3 border-t border-line pt-4" data-c="invite">
      <h3 className="font-medium">{t.settings.inviteTitle}</h3>
      <div className="flex flex-wrap gap-3">
        <Field
          label={t.settings.inviteName}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={missing ? t.settings.nameMissing : undefined}
          autoComplete="off"
          maxLength={64}
          required
          className="flex-1 basis-48"
        />
        <Select
          label={t.settings.role}
          value={role}
          options={roles.map((one) => [one, t.settings.roles[one]])}
          choose={setRole}
          hint={t.settings.roleHint[role]}
          className="flex-1 basis-48"
        />
      </div>
      <Button type="submit" tone="primary" busy={busy} className="self-start">
        {t.settings.inviteDo}
      </Button>
    </form>
  );
}
