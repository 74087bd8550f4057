import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Select } from "../../ui/Select";
import { Tick } from "../../ui/Tick";
import { t } from "../../ui/words/words";
import type { AddMentionSource } from "../../wire/api";

interface MentionFormProps {
  busy: boolean;
  add: (body: AddMentionSource) => Promise<boolean>;
}

/** Adds a source of mentions. */
export function MentionForm({ busy, add }: MentionFormProps) {
  const [kind, setKind] = useState<"feed" | "webhook">("feed");
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [local, setLocal] = useState(false);
  const [tried, setTried] = useState(false);
  const missing = (text: string): string | undefined => (tried && text.trim() === "" ? t.signals.missing : undefined);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (name.trim() === "" || (kind === "feed" && url.trim() === "")) return;
    void add({ kind, name: name.trim(), ...(kind === "feed" && { url: url.trim(), local }) }).then((done) => {
      if (!done) return;
      setTried(false);
      setName("");
      setUrl("");
    });
  };

  return (
    <form onSubmit={submit} noValidate aria-label={t.signals.addTitle} className="mt-4 flex flex-col gap-3 border-t border-line pt-4">
      <h3 className="font-medium">{t.signals.addTitle}</h3>
      <div className="flex flex-wrap gap-3">
        <Select
          label={t.signals.kind}
          value={kind}
          options={[
            ["feed", t.signals.feed],
            ["webhook", t.signals.webhook],
          ]}
          choose={setKind}
          hint={kind === "feed" ? t.signals.feedHint : t.signals.webhookHint}
          className="flex-1 basis-48"
        />
        <Field
          label={t.signals.name}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={missing(name)}
          hint={t.signals.nameHint}
          autoComplete="off"
          maxLength={80}
          required
          className="flex-1 basis-48"
        />
      </div>
      {kind === "feed" && (
        <>
          <Field label={t.signals.address} value={url} onChange={(event) => setUrl(event.target.value)} error={missing(url)} type="url" autoComplete="off" maxLength={2000} required />
          <div className="flex items-center gap-2">
            <Tick label={t.signals.local} checked={local} onChange={setLocal} />
            <span className="text-[14px]" aria-hidden="true">
              {t.signals.local}
            </span>
          </div>
        </>
      )}
      <Button type="submit" tone="primary" busy={busy} className="self-start">
        {t.signals.addDo}
      </Button>
    </form>
  );
}
