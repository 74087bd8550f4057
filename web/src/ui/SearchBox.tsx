import { Search } from "lucide-react";
import { useEffect, useState } from "react";
import { inputShape } from "./Field";

interface SearchBoxProps {
  label: string;
  hint: string;
  value: string;
  /** Begins to fetch what a search finds: if that is soon there, the screen is drawn once, with it. */
  prepare?: (text: string) => Promise<unknown>;
  onSearch: (text: string) => void;
}

const soonMs = 100;
const pauseMs = 50; // a letter of somebody who types fast follows within 150; a search that is overtaken is taken back

/** A search that starts by itself when the typing pauses, or at once with Enter. */
export function SearchBox({ label, hint, value, prepare, onSearch }: SearchBoxProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === value) return;
    let overtaken = false;
    const timer = setTimeout(async () => {
      await Promise.race([prepare?.(wanted), new Promise((resolve) => setTimeout(resolve, soonMs))]);
      if (!overtaken) onSearch(wanted);
    }, pauseMs);
    return () => {
      overtaken = true;
      clearTimeout(timer);
    };
  }, [text, value, prepare, onSearch]);
  return (
    <form
      role="search"
      className="relative w-full md:w-72"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(text.trim());
      }}
    >
      <Search className="pointer-events-none absolute top-1/2 left-3 size-4 -translate-y-1/2 text-fg-3" aria-hidden="true" />
      <input
        type="search"
        aria-label={label}
        placeholder={hint}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        className={`${inputShape} pl-9`}
      />
    </form>
  );
}
