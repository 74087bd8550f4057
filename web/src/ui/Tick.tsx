import { Check } from "lucide-react";

interface TickProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** A box to tick, as large as a finger on phones. It stands above a row that is one link. */
export function Tick({ label, checked, onChange }: TickProps) {
  return (
    <span className="relative z-1 grid size-6 shrink-0 place-items-center max-md:size-11">
      <input
        type="checkbox"
        aria-label={label}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        className="peer absolute inset-0 size-full cursor-pointer appearance-none rounded-control"
      />
      <span className="pointer-events-none grid size-4 place-items-center rounded border border-control bg-bg text-transparent peer-checked:border-accent peer-checked:bg-accent peer-checked:text-on-accent peer-focus-visible:outline-2 peer-focus-visible:outline-accent">
        <Check className="size-3" aria-hidden="true" />
      </span>
    </span>
  );
}
