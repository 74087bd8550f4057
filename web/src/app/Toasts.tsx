import { X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { t } from "../ui/words/first";
import { notices } from "./notices";

/** Where the app says what it did by itself. It stays in the page, so that readers notice a change. */
export function Toasts() {
  const list = useSyncExternalStore(notices.listen, notices.list, notices.list);
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-20 z-30 flex flex-col items-center gap-2 md:right-6 md:bottom-6 md:left-auto md:items-end"
    >
      {list.map(({ id, text }) => (
        <div
          key={id}
          className="toast pointer-events-auto flex items-center gap-3 rounded-control border border-line bg-surface-2 py-1 pr-1 pl-4 shadow-lg"
          data-c="toast"
        >
          <span>{text}</span>
          <button
            type="button"
            className="press grid size-8 shrink-0 place-items-center rounded-control text-fg-3 hover:text-fg max-md:size-11"
            aria-label={t.link.dismiss}
            onClick={() => notices.close(id)}
          >
            <X className="size-4" aria-hidden="true" />
          </button>
        </div>
      ))}
    </div>
  );
}
