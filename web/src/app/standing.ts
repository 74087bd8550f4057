import type { Connections, Kpis, Page, StockItem, WaitingWord } from "../wire/api";

/** How one part of the business stands: the worst of its lines, of which each says what and what to do. */
export interface Standing {
  level: Level;
  lines: Line[];
}

export type Level = "ok" | "warning" | "critical" | "unknown";

/** One thing that is known about a part, in facts that the words are made of. */
export type Line =
  | { kind: "reading" | "noChannel" | "noTargets" | "calm" | "idle" | "lastKnown" }
  | { kind: "synced"; count: number }
  | { kind: "connection"; name: string; error: string; mend: string; since: string | null }
  | { kind: "letters" | "stock" | "stuck"; count: number }
  | { kind: "waits"; count: number; why: Blocked }
  | { kind: "running"; percent: number };

export interface Standings {
  maintenance: Standing;
  targets: Standing;
  issues: Standing;
  automation: Standing;
}

/** Waits that an order does not get out of by itself. */
const blocked = ["no_stock", "unknown_sku", "decision", "risk", "payment", "location", "authorisation", "away"] as const satisfies WaitingWord[];
export type Blocked = (typeof blocked)[number];

/** What the four icons of the header say. What has not been read, or cannot be measured yet, is unknown, never fine. */
export function standings(sync?: Connections, figures?: Kpis, critical?: Page<StockItem>): Standings {
  return {
    maintenance: maintenance(sync),
    targets: { level: "unknown", lines: [{ kind: "noTargets" }] },
    issues: issues(figures, critical),
    automation: automation(figures),
  };
}

/** The same while the hub is not heard: nothing is claimed any more, and the lines are what was last known. */
export function unheard(all: Standings): Standings {
  const dim = ({ lines }: Standing): Standing => ({ level: "unknown", lines: [{ kind: "lastKnown" }, ...lines] });
  return { maintenance: dim(all.maintenance), targets: all.targets, issues: dim(all.issues), automation: dim(all.automation) };
}

function maintenance(sync?: Connections): Standing {
  if (!sync) return { level: "unknown", lines: [{ kind: "reading" }] };
  if (sync.items.length === 0) return { level: "unknown", lines: [{ kind: "noChannel" }] };
  const lines: Line[] = sync.items
    .filter((item) => item.state !== "ok" || item.error !== "")
    .map(({ name, error, mend, failing_since }) => ({ kind: "connection", name, error, mend, since: failing_since }));
  if (lines.length === 0) return { level: "ok", lines: [{ kind: "synced", count: sync.items.length }] };
  return { level: sync.items.some((item) => item.state === "failing") ? "critical" : "warning", lines };
}

function issues(figures?: Kpis, critical?: Page<StockItem>): Standing {
  if (!figures || !critical) return { level: "unknown", lines: [{ kind: "reading" }] };
  const lines: Line[] = [];
  if (figures.dead_letters > 0) lines.push({ kind: "letters", count: figures.dead_letters });
  if (critical.total > 0) lines.push({ kind: "stock", count: critical.total });
  if (lines.length === 0) return { level: "ok", lines: [{ kind: "calm" }] };
  return { level: critical.items.some((item) => item.severity === "critical") ? "critical" : "warning", lines };
}

function automation(figures?: Kpis): Standing {
  if (!figures) return { level: "unknown", lines: [{ kind: "reading" }] };
  const { stuck, waiting, health_percent } = figures.automation;
  const lines: Line[] = blocked.filter((why) => waiting[why] > 0).map((why) => ({ kind: "waits", count: waiting[why], why }));
  if (stuck > 0) return { level: "critical", lines: [{ kind: "stuck", count: stuck }, ...lines] };
  if (lines.length > 0) return { level: "warning", lines };
  return { level: "ok", lines: [health_percent === null ? { kind: "idle" } : { kind: "running", percent: health_percent }] };
}
