import type { ReactNode } from "react";

/** Names and values, two columns on wide screens. Values that are not there are left out. */
export function Facts({ rows }: { rows: [name: string, value: ReactNode][] }) {
  return (
    <dl className="grid grid-cols-1 gap-x-8 gap-y-2 md:grid-cols-2">
      {rows
        .filter(([, value]) => value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name} className="flex min-w-0 items-baseline gap-3 border-b border-line py-1.5">
            <dt className="w-36 shrink-0 text-[13px] text-fg-3">{name}</dt>
            <dd className="min-w-0 [overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
    </dl>
  );
}
