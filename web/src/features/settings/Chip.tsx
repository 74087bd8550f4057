import type { InputHTMLAttributes } from "react";
import { chipLook } from "../../ui/chip";
import { cx } from "../../ui/cx";

/** A radio or checkbox that looks like a chip; the whole chip is pressed. */
export function Chip({ word, checked, ...input }: { word: string; checked: boolean } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className={cx(chipLook(checked), "relative cursor-pointer has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent")}>
      <input className="sr-only" checked={checked} {...input} />
      {word}
    </label>
  );
}
