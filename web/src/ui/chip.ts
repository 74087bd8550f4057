import { cx } from "./cx";

/** Classes of one choice in a row of filters. */
export function chipLook(chosen: boolean): string {
  return cx(
    "press inline-flex min-h-8 shrink-0 items-center rounded-full border px-3 text-[13px] whitespace-nowrap max-md:min-h-11",
    chosen ? "border-accent bg-accent-soft text-fg" : "border-line text-fg-2 hover:bg-surface-2",
  );
}
