import { useEffect, useId, useRef, useState } from "react";
import { Button } from "../../ui/Button";
import { inputShape } from "../../ui/Field";
import { t } from "../../ui/words/words";

interface ShownOnceProps {
  title: string;
  hint: string;
  value: string;
  close: () => void;
  name: string;
}

/** A link or key that nobody can read again, until it is put away. */
export function ShownOnce({ title, hint, value, close, name }: ShownOnceProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");
  useEffect(() => input.current?.focus(), [value]); // readers hear its label and hint

  const copy = (): void => {
    input.current?.select();
    Promise.resolve(navigator.clipboard?.writeText(value) ?? Promise.reject(new Error())).then(
      () => setSaid(t.settings.copied),
      () => setSaid(t.settings.copyFailed),
    );
  };

  return (
    <div className="flex flex-col gap-2 rounded-control border border-accent bg-accent-soft p-3" data-c={name}>
      <label htmlFor={id} className="font-medium">
        {title}
      </label>
      <div className="flex flex-wrap gap-2">
        <input ref={input} id={id} readOnly value={value} className={`${inputShape} flex-1 basis-48 font-mono`} onFocus={(event) => event.target.select()} aria-describedby={`${id}-hint`} />
        <Button tone="primary" onClick={copy}>
          {t.settings.copy}
        </Button>
        <Button onClick={close}>{t.settings.gotIt}</Button>
      </div>
      <p id={`${id}-hint`} className="text-[13px] text-fg-2">
        {hint}
      </p>
      <p role="status" className="min-h-5 text-[13px] text-fg-2">
        {said}
      </p>
    </div>
  );
}
