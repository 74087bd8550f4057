import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import { filled, Given, missing, type Channel } from "./Given";

export interface AppFields {
  channel: Channel;
  key: string;
  secret: string;
  /** What the consent page must know; undefined where the way leads on to what the seller gave. */
  asked: Record<string, string> | undefined;
  base_url: string;
  auth_url: string;
}

interface AppFormProps {
  channels: readonly Channel[];
  busy: boolean;
  trouble: string;
  add: (fields: AppFields) => void;
}

/** The channel and the app's credentials there. With what its consent page must know the way leads on to the seller's consent. */
export function AppForm({ channels, busy, trouble, add }: AppFormProps) {
  const [chosen, setChosen] = useState(0);
  const [values, setValues] = useState<Record<string, string>>({});
  const [sent, setSent] = useState(false);
  const channel = channels[chosen];
  if (!channel) return null;
  const own = [channel.key, channel.secret];
  const asked = channel.consent ? channel.asked.map((field) => ({ ...field, optional: true })) : [];
  const consents = channel.consent && Object.keys(missing(channel.asked, values)).length === 0;
  const wrong = sent ? missing(own, values) : {};
  const set = (name: string, value: string): void => setValues((now) => ({ ...now, [name]: value }));

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setSent(true);
    if (Object.keys(missing(own, values)).length > 0) return;
    const given = filled(own, values);
    add({
      channel,
      key: given[channel.key.name] ?? "",
      secret: given[channel.secret.name] ?? "",
      asked: consents ? filled(channel.asked, values) : undefined,
      base_url: (values["base_url"] ?? "").trim(),
      auth_url: (values["auth_url"] ?? "").trim(),
    });
  };

  return (
    <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-3" data-c="connect-app">
      <p className="text-[13px] text-fg-3">{t.channels.appLead}</p>
      {channels.length > 1 && (
        <Select
          label={t.channels.channel}
          value={String(chosen)}
          options={channels.map(({ title }, i) => [String(i), title])}
          choose={(i) => {
            setChosen(Number(i));
            setValues({});
            setSent(false);
          }}
        />
      )}
      <div className="grid grid-cols-1 gap-3 md:grid-cols-2">
        <Given fields={[...own, ...asked]} values={values} wrong={wrong} set={set} />
      </div>
      <details className="text-[13px]">
        <summary className="flex min-h-9 cursor-pointer items-center text-fg-2 max-md:min-h-11">{t.channels.simulator}</summary>
        <div className="mt-2 grid grid-cols-1 gap-3 md:grid-cols-2">
          <Field label={t.channels.baseUrl} value={values["base_url"] ?? ""} onChange={(event) => set("base_url", event.target.value)} autoComplete="off" spellCheck={false} maxLength={300} />
          <Field label={t.channels.authUrl} value={values["auth_url"] ?? ""} onChange={(event) => set("auth_url", event.target.value)} autoComplete="off" spellCheck={false} maxLength={300} />
        </div>
      </details>
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" tone="primary" busy={busy}>
          {consents ? t.channels.toConsent : t.channels.toGiven}
        </Button>
        <p role="alert" className="min-w-0 flex-1 text-[13px] text-crit [overflow-wrap:anywhere] empty:hidden">
          {trouble}
        </p>
      </div>
    </form>
  );
}
