import type { Connections, Kpis } from "../wire/api";
import type { Format } from "./format";
import { t } from "./words/first";

/** How the orders fare as a whole, in one label for the header. What stops orders counts first, then a rush, which soon makes a backlog. */
export type Mood = { kind: "normal" } | { kind: "backlog"; count: number } | { kind: "viral"; hour: number; usual: number } | { kind: "degraded"; why: Why };
type Why = { kind: "shop"; name: string } | { kind: "stuck"; count: number } | { kind: "away" | "authorisation" };

/** What holds orders up now; nothing is said before it is read. */
export function moodOf(figures?: Kpis, sync?: Connections): Mood | undefined {
  if (!figures || !sync) return undefined;
  const { stuck, waiting } = figures.automation;
  const failing = sync.items.find(({ state }) => state === "failing");
  if (failing) return { kind: "degraded", why: { kind: "shop", name: failing.name } };
  if (waiting.authorisation > 0) return { kind: "degraded", why: { kind: "authorisation" } };
  if (waiting.away > 0) return { kind: "degraded", why: { kind: "away" } };
  if (stuck > 0) return { kind: "degraded", why: { kind: "stuck", count: stuck } };
  const { viral, orders_hour: hour, usual_hour: usual } = figures.demand;
  if (viral && usual !== null) return { kind: "viral", hour, usual };
  const count = waiting.no_stock + waiting.unknown_sku + waiting.decision + waiting.risk + waiting.payment + waiting.location;
  return count > 0 ? { kind: "backlog", count } : { kind: "normal" };
}

/** The label of a mood. */
export function moodWord(mood: Mood, format: Format): string {
  switch (mood.kind) {
    case "normal":
      return t.mood.normal;
    case "backlog":
      return t.mood.backlog(format.count(mood.count), mood.count);
    case "viral":
      return t.mood.viral(format.count(mood.hour), format.count(mood.usual));
    case "degraded": {
      const { why } = mood;
      if (why.kind === "shop") return t.mood.degraded(t.mood.shop(why.name));
      if (why.kind === "stuck") return t.mood.degraded(t.mood.stuck(format.count(why.count), why.count));
      return t.mood.degraded(t.mood[why.kind]);
    }
  }
}

/** The icon and colour of a mood, as Mark knows them. */
export const moodMarks: Record<Mood["kind"], string> = { normal: "ok", backlog: "warning", viral: "viral", degraded: "critical" };
