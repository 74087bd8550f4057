import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { t } from "../../ui/words/words";
import { givenIn } from "./consent";
import { filled, Given, missing, type Channel } from "./Given";

interface ShopFormProps {
  channel: Channel;
  /** What the channel led back with, if it did. */
  entered: string;
  state: string;
  busy: boolean;
  trouble: string;
  connect: (given: Record<string, string>, name: string) => void;
  restart: () => void;
}

/** What the seller gave: the code of their consent, as such or within the address that it came back with, or what else the channel asks for. */
export function ShopForm({ channel, entered, state, busy, trouble, connect, restart }: ShopFormProps) {
  const names = channel.given.map(({ name }) => name);
  const back = givenIn(entered, names, state);
  const [values, setValues] = useState<Record<string, string>>(typeof back === "object" ? back : {});
  const [name, setName] = useState("");
  const [sent, setSent] = useState(false);
  // Whoever copies the whole address puts it into any of the fields.
  const pasted = Object.values(values)
    .map((value) => givenIn(value, names, state))
    .find((found) => found !== "plain");
  const given = typeof pasted === "object" ? { ...values, ...pasted } : values;
  const refused = [back, pasted].find((found) => found === "refused" || found === "foreign");
  const wrong = refused ? { [names[0] ?? ""]: refused === "refused" ? t.channels.refused : t.channels.foreign } : sent ? missing(channel.given, given) : {};

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setSent(true);
    if (typeof pasted !== "string" && Object.keys(missing(channel.given, given)).length === 0) connect(filled(channel.given, given), name.trim());
  };

  return (
    <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-3" data-c="connect-shop">
      <p className="text-[13px] text-fg-3">{t.channels.givenLead(channel.title)}</p>
      <div className="grid grid-cols-1 gap-3 md:grid-cols-2">
        <Given fields={channel.given} values={values} wrong={wrong} set={(field, value) => setValues((now) => ({ ...now, [field]: value }))} />
        <Field label={t.channels.shopName} hint={t.channels.shopNameHint} value={name} onChange={(event) => setName(event.target.value)} autoComplete="off" maxLength={200} />
      </div>
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" tone="primary" busy={busy}>
          {t.channels.connect}
        </Button>
        <Button disabled={busy} onClick={restart}>
          {t.channels.restart}
        </Button>
        <p role="alert" className="min-w-0 flex-1 text-[13px] text-crit [overflow-wrap:anywhere] empty:hidden">
          {trouble}
        </p>
      </div>
    </form>
  );
}
