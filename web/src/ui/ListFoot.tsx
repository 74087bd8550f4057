import { Button } from "./Button";
import { t } from "./words/words";

interface ListFootProps {
  /** How many there are in all, in words; empty when that is not counted. */
  total: string;
  hasMore: boolean;
  busy: boolean;
  more: () => void;
}

/** Below a list: how long it is, and the way to more of it. */
export function ListFoot({ total, hasMore, busy, more }: ListFootProps) {
  return (
    <div className="mt-3 flex flex-wrap items-center gap-3 text-[13px] text-fg-3">
      {total !== "" && <p className="tabular-nums">{total}</p>}
      {hasMore && (
        <Button busy={busy} onClick={more}>
          {t.orders.more}
        </Button>
      )}
    </div>
  );
}
