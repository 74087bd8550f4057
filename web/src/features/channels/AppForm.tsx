import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";

export interface AppFields {
  key: string;
  secret: string;
  service: string;
  us: boolean;
  base_url: string;
  auth_url: string;
}

interface AppFormProps {
  busy: boolean;
  trouble: string;
  add: (fields: AppFields) => void;
}

/** The app's credentials at the channel. With a service id the way leads on to the seller's consent, else to entering a code. */
export function AppForm({ busy, trouble, add }: AppFormProps) {
  const [fields, setFields] = useState<AppFields>({ key: "", secret: "", service: "", us: false, base_url: "", auth_url: "" });
  const [asked, setAsked] = useState(false);
  const set = (name: keyof AppFields) => (event: { target: { value: string } }) => setFields((now) => ({ ...now, [name]: event.target.value }));
  const missing = (name: "key" | "secret"): string | undefined => (asked && fields[name].trim() === "" ? t.channels.missing : undefined);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setAsked(true);
    const trimmed = { ...fields, key: fields.key.trim(), secret: fields.secret.trim(), service: fields.service.trim() };
    if (trimmed.key !== "" && trimmed.secret !== "") add(trimmed);
  };

  return (
    <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-3" data-c="connect-app">
      <p className="text-[13px] text-fg-3">{t.channels.appLead}</p>
      <div className="grid grid-cols-1 gap-3 md:grid-cols-2">
        <Field label={t.channels.appKey} value={fields.key} onChange={set("key")} error={missing("key")} autoComplete="off" spellCheck={false} maxLength={200} required />
        <Field label={t.channels.appSecret} type="password" value={fields.secret} onChange={set("secret")} error={missing("secret")} autoComplete="off" maxLength={500} required />
        <Field label={t.channels.service} hint={t.channels.serviceHint} value={fields.service} onChange={set("service")} autoComplete="off" spellCheck={false} maxLength={100} />
        <Select
          label={t.channels.market}
          value={fields.us ? "us" : "elsewhere"}
          options={[
            ["elsewhere", t.channels.elsewhere],
            ["us", t.channels.us],
          ]}
          choose={(market) => setFields((now) => ({ ...now, us: market === "us" }))}
        />
      </div>
      <details className="text-[13px]">
        <summary className="flex min-h-9 cursor-pointer items-center text-fg-2 max-md:min-h-11">{t.channels.simulator}</summary>
        <div className="mt-2 grid grid-cols-1 gap-3 md:grid-cols-2">
          <Field label={t.channels.baseUrl} value={fields.base_url} onChange={set("base_url")} autoComplete="off" spellCheck={false} maxLength={300} />
          <Field label={t.channels.authUrl} value={fields.auth_url} onChange={set("auth_url")} autoComplete="off" spellCheck={false} maxLength={300} />
        </div>
      </details>
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" tone="primary" busy={busy}>
          {fields.service.trim() === "" ? t.channels.toCode : t.channels.toConsent}
        </Button>
        <p role="alert" className="min-w-0 flex-1 text-[13px] text-crit [overflow-wrap:anywhere] empty:hidden">
          {trouble}
        </p>
      </div>
    </form>
  );
}
