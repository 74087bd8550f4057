import { Skeleton } from "./Skeleton";
import { t } from "./words/first";

/** The skeleton of a list: rows of the final height. */
export function Rows({ count, height = 44 }: { count: number; height?: number }) {
  return (
    <div role="status" aria-label={t.loading} className="flex flex-col">
      {Array.from({ length: count }, (_, i) => (
        <div key={i} className="flex items-center border-b border-line last:border-0" style={{ height }}>
          <Skeleton className="h-3.5 w-full" />
        </div>
      ))}
    </div>
  );
}
