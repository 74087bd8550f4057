import type { ButtonHTMLAttributes } from "react";
import { cx } from "./cx";

export const buttonShape =
  "press inline-flex min-h-9 max-md:min-h-11 items-center justify-center gap-2 rounded-control border px-3 text-[13px] font-medium whitespace-nowrap disabled:cursor-default disabled:opacity-60";

const tones = {
  primary: "border-accent bg-accent text-on-accent hover:opacity-95",
  plain: "border-control text-fg hover:bg-surface-2",
  danger: "border-crit-line text-crit hover:bg-crit-soft",
};

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: keyof typeof tones;
  busy?: boolean;
}

/** A button says at once that it was pressed; while its command is under way it takes no second press. */
export function Button({ tone = "plain", busy = false, className, disabled, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={cx(buttonShape, tones[tone], className)}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      {...rest}
    />
  );
}

/** Classes of a link that looks like a button. */
export function buttonLook(tone: keyof typeof tones = "plain"): string {
  return cx(buttonShape, tones[tone]);
}
