import { Link } from "@tanstack/react-router";
import { Bookmark, X } from "lucide-react";
import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { chipLook } from "../../ui/chip";
import { inputShape } from "../../ui/Field";
import { t } from "../../ui/words/words";
import { longestName, useViews } from "./views";

interface SavedViewsProps {
  q: string;
  status: string;
}

/** Searches that somebody comes back to, each a press away. Absent while there is nothing to save and nothing saved. */
export function SavedViews({ q, status }: SavedViewsProps) {
  const { views, save, remove } = useViews();
  const [naming, setNaming] = useState<string | undefined>(undefined);
  const narrowed = q !== "" || status !== "";
  const here = views.some((view) => view.q === q && view.status === status);
  if (views.length === 0 && !narrowed) return null;

  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    const name = (naming ?? "").trim();
    if (name === "") return;
    save({ name, q, status });
    setNaming(undefined);
  };

  return (
    <div role="group" aria-label={t.orders.views.label} className="mb-3 flex flex-wrap items-center gap-2" data-c="views">
      {views.map((view) => (
        <span key={view.name} className="inline-flex items-center">
          <Link
            to="/orders"
            search={{ ...(view.q && { q: view.q }), ...(view.status && { status: view.status }) }}
            className={`${chipLook(view.q === q && view.status === status)} rounded-r-none border-r-0`}
          >
            <span className="max-w-[50vw] truncate">{view.name}</span>
          </Link>
          <button
            type="button"
            className="press grid min-h-8 w-8 place-items-center rounded-r-full border border-line text-fg-3 hover:bg-surface-2 max-md:min-h-11 max-md:w-11"
            aria-label={t.orders.views.remove(view.name)}
            title={t.orders.views.remove(view.name)}
            onClick={() => remove(view.name)}
          >
            <X className="size-3.5" aria-hidden="true" />
          </button>
        </span>
      ))}
      {narrowed && !here && naming === undefined && (
        <Button onClick={() => setNaming("")} data-c="save-view">
          <Bookmark className="size-4" aria-hidden="true" />
          {t.orders.views.save}
        </Button>
      )}
      {naming !== undefined && (
        <form className="flex items-center gap-2" onSubmit={onSubmit}>
          <input
            autoFocus
            aria-label={t.orders.views.name}
            placeholder={t.orders.views.name}
            maxLength={longestName}
            autoComplete="off"
            value={naming}
            onChange={(event) => setNaming(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") setNaming(undefined);
            }}
            className={`${inputShape} w-52`}
          />
          <Button type="submit" tone="primary" disabled={naming.trim() === ""}>
            {t.orders.views.keep}
          </Button>
        </form>
      )}
    </div>
  );
}
