import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { t, wordOf } from "../../ui/words/words";
import type { Role } from "../../wire/api";
import { Chip } from "./Chip";
import { roles } from "./describe";
import { Select } from "../../ui/Select";

const lives = [30, 90, 365];

interface KeyFormProps {
  busy: boolean;
  /** By role, what a key of it may be narrowed to. */
  rights: Record<string, string[]>;
  make: (body: { name: string; role: Role; scopes: string[]; days: number }) => Promise<boolean>;
}

/** Makes a key. */
export function KeyForm({ busy, rights, make }: KeyFormProps) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [days, setDays] = useState(365);
  const [scopes, setScopes] = useState<string[]>([]);
  const [missing, setMissing] = useState(false);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setMissing(name.trim() === "");
    if (name.trim() === "") return;
    void make({ name: name.trim(), role, scopes, days }).then((done) => {
      if (done) setName("");
    });
  };

  return (
    <form onSubmit={submit} noValidate aria-label={t.settings.makeTitle} className="mt-4 flex flex-col gap-3 border-t border-line pt-4" data-c="make-key">
      <h3 className="font-medium">{t.settings.makeTitle}</h3>
      <div className="flex flex-wrap gap-3">
        <Field
          label={t.settings.keyName}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={missing ? t.settings.nameMissing : undefined}
          hint={t.settings.keyNameHint}
          autoComplete="off"
          maxLength={64}
          required
          className="flex-1 basis-48"
        />
        <Select
          label={t.settings.role}
          value={role}
          options={roles.map((one) => [one, t.settings.roles[one]])}
          choose={(one) => {
            setRole(one);
            setScopes((now) => now.filter((right) => rights[one]?.includes(right)));
          }}
          hint={t.settings.roleHint[role]}
          className="flex-1 basis-48"
        />
        <Select
          label={t.settings.keyLife}
          value={String(days)}
          options={lives.map((n) => [String(n), t.settings.days(n)])}
          choose={(text) => setDays(Number(text))}
          className="flex-1 basis-32"
        />
      </div>
      <fieldset>
        <legend className="mb-1 text-[13px] text-fg-2">{t.settings.scopes}</legend>
        <div className="flex flex-wrap gap-2">
          {rights[role]?.map((right) => (
            <Chip
              key={right}
              word={wordOf(t.settings.rights, right)}
              type="checkbox"
              checked={scopes.includes(right)}
              onChange={(event) => setScopes((now) => (event.target.checked ? [...now, right] : now.filter((one) => one !== right)))}
            />
          ))}
        </div>
      </fieldset>
      <Button type="submit" tone="primary" busy={busy} className="self-start">
        {t.settings.makeDo}
      </Button>
    </form>
  );
}
