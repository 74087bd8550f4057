import { useId } from "react";
import { cx } from "./cx";
import { inputShape } from "./Field";

interface SelectProps<V extends string> {
  label: string;
  /** Whether the label is for readers alone, because the row says it. */
  quiet?: boolean;
  value: V;
  options: [value: V, word: string][];
  choose: (value: V) => void;
  hint?: string;
  className?: string;
}

/** One of a few. */
export function Select<V extends string>({ label, quiet = false, value, options, choose, hint, className }: SelectProps<V>) {
  const id = useId();
  return (
    <div className={cx("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className={quiet ? "sr-only" : "text-[13px] text-fg-2"}>
        {label}
      </label>
      <select
        id={id}
        className={inputShape}
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-note`}
        onChange={(event) => {
          const chosen = options.find(([option]) => option === event.target.value);
          if (chosen) choose(chosen[0]);
        }}
      >
        {options.map(([option, word]) => (
          <option key={option} value={option}>
            {word}
          </option>
        ))}
      </select>
      {hint !== undefined && (
        <p id={`${id}-note`} className="text-[12px] text-fg-3">
          {hint}
        </p>
      )}
    </div>
  );
}
