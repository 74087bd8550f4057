import { useId, type InputHTMLAttributes } from "react";
import { cx } from "./cx";

export const inputShape =
  "min-h-9 max-md:min-h-11 w-full rounded-control border border-control bg-bg px-3 text-[14px] max-md:text-[16px] text-fg placeholder:text-fg-3";

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

/** A labelled input; its error is read together with it. */
export function Field({ label, hint, error, className, ...input }: FieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={cx("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className="text-[13px] text-fg-2">
        {label}
      </label>
      <input
        id={id}
        className={cx(inputShape, error !== undefined && "border-crit-line")}
        aria-invalid={error !== undefined || undefined}
        aria-describedby={note !== undefined ? `${id}-note` : undefined}
        {...input}
      />
      {note !== undefined && (
        <p id={`${id}-note`} className={cx("text-[12px]", error !== undefined ? "text-crit" : "text-fg-3")}>
          {note}
        </p>
      )}
    </div>
  );
}
