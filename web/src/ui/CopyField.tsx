import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Button } from "./Button";
import { inputShape } from "./Field";
import { t } from "./words/words";

interface CopyFieldProps {
  title: string;
  hint: string;
  value: string;
  /** Readers hear its label and hint as soon as it is there. */
  focused?: boolean;
  children?: ReactNode;
}

/** A text to be copied and given to somebody. */
export function CopyField({ title, hint, value, focused = false, children }: CopyFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (focused) input.current?.focus();
  }, [value, focused]);

  const copy = (): void => {
    input.current?.select();
    Promise.resolve(navigator.clipboard?.writeText(value) ?? Promise.reject(new Error())).then(
      () => setSaid(t.settings.copied),
      () => setSaid(t.settings.copyFailed),
    );
  };

  return (
    <>
      <label htmlFor={id} className="font-medium">
        {title}
      </label>
      <div className="flex flex-wrap gap-2">
        <input ref={input} id={id} readOnly value={value} className={`${inputShape} flex-1 basis-48 font-mono`} onFocus={(event) => event.target.select()} aria-describedby={`${id}-hint`} />
        <Button tone="primary" onClick={copy}>
          {t.settings.copy}
        </Button>
        {children}
      </div>
      <p id={`${id}-hint`} className="text-[13px] text-fg-2">
        {hint}
      </p>
      <p role="status" className="min-h-5 text-[13px] text-fg-2">
        {said}
      </p>
    </>
  );
}
