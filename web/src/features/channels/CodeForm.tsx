import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { t } from "../../ui/words/words";
import { codeIn } from "./consent";

interface CodeFormProps {
  /** What the channel led back with, if it did. */
  entered: string;
  state: string;
  busy: boolean;
  trouble: string;
  connect: (code: string, name: string) => void;
  restart: () => void;
}

/** The code of the seller's consent, as such or within the address that it came back with. */
export function CodeForm({ entered, state, busy, trouble, connect, restart }: CodeFormProps) {
  const [text, setText] = useState(entered);
  const [name, setName] = useState("");
  const [wrong, setWrong] = useState<string | undefined>(() => wrongIn(entered, state, false));

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setWrong(wrongIn(text, state, true));
    const found = codeIn(text, state);
    if (typeof found === "object") connect(found.code, name.trim());
  };

  return (
    <form onSubmit={submit} noValidate className="flex max-w-3xl flex-col gap-3" data-c="connect-code">
      <p className="text-[13px] text-fg-3">{t.channels.codeLead}</p>
      <div className="grid grid-cols-1 gap-3 md:grid-cols-2">
        <Field
          label={t.channels.code}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setWrong(undefined);
          }}
          error={wrong}
          autoComplete="off"
          spellCheck={false}
          maxLength={2000}
          required
        />
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

/** What is wrong with what was entered; an empty field is only once somebody sends it. */
function wrongIn(text: string, state: string, sent: boolean): string | undefined {
  const found = codeIn(text, state);
  if (typeof found === "object") return undefined;
  if (found === "none") return sent ? t.channels.noCode : undefined;
  return found === "refused" ? t.channels.refused : t.channels.foreign;
}
