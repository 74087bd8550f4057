import { describe, expect, it } from "vitest";
import type { Connection, Connections, Kpis, Page, StockItem } from "../wire/api";
import { standings, unheard } from "./standing";

const shop = (over: Partial<Connection>) => ({ name: "Hoodie Lab", state: "ok", error: "", mend: "", failing_since: null, ...over }) as Connection;
const sync = (...items: Connection[]) => ({ items }) as Connections;
const figures = (letters: number, stuck: number, waiting: Record<string, number>, health: number | null) =>
  ({
    dead_letters: letters,
    automation: { stuck, health_percent: health, waiting: { no_stock: 0, unknown_sku: 0, authorisation: 0, away: 0, on_hold: 0, unpaid: 0, channel: 0, ...waiting } },
  }) as unknown as Kpis;
const stock = (...severities: string[]) => ({ total: severities.length, items: severities.map((severity) => ({ severity })) }) as Page<StockItem>;

describe("the four icons", () => {
  it("claim nothing before anything was read", () => {
    const { maintenance, targets, issues, automation } = standings();
    expect([maintenance.level, targets.level, issues.level, automation.level]).toEqual(["unknown", "unknown", "unknown", "unknown"]);
  });

  it("are calm when nothing is wrong, and targets say that none are set", () => {
    const { maintenance, targets, issues, automation } = standings(sync(shop({})), figures(0, 0, { on_hold: 3 }, 99.2), stock());
    expect(maintenance).toEqual({ level: "ok", lines: [{ kind: "synced", count: 1 }] });
    expect(targets).toEqual({ level: "unknown", lines: [{ kind: "noTargets" }] });
    expect(issues).toEqual({ level: "ok", lines: [{ kind: "calm" }] });
    expect(automation).toEqual({ level: "ok", lines: [{ kind: "running", percent: 99.2 }] });
  });

  it("take the worst of the channels and name each with its mend", () => {
    const failing = shop({ name: "B", state: "failing", error: "Its token has ended.", mend: "Connect it.", failing_since: "2026-11-24T10:00:00.000Z" });
    const { maintenance } = standings(sync(shop({}), shop({ name: "A", state: "late", error: "Late." }), failing));
    expect(maintenance.level).toBe("critical");
    expect(maintenance.lines).toEqual([
      { kind: "connection", name: "A", error: "Late.", mend: "", since: null },
      { kind: "connection", name: "B", error: "Its token has ended.", mend: "Connect it.", since: "2026-11-24T10:00:00.000Z" },
    ]);
    expect(standings(sync(shop({ error: "It will stop." }))).maintenance.level).toBe("warning");
    expect(standings(sync()).maintenance).toEqual({ level: "unknown", lines: [{ kind: "noChannel" }] });
  });

  it("are hot with letters, and critical with stock that is nearly gone", () => {
    expect(standings(undefined, figures(2, 0, {}, null), stock()).issues).toEqual({ level: "warning", lines: [{ kind: "letters", count: 2 }] });
    expect(standings(undefined, figures(0, 0, {}, null), stock("critical", "warning")).issues).toEqual({ level: "critical", lines: [{ kind: "stock", count: 2 }] });
  });

  it("claim nothing while the hub is not heard, and keep what was last known", () => {
    const { maintenance, targets, issues } = unheard(standings(sync(shop({})), figures(2, 0, {}, null), stock()));
    expect(maintenance).toEqual({ level: "unknown", lines: [{ kind: "lastKnown" }, { kind: "synced", count: 1 }] });
    expect(issues).toEqual({ level: "unknown", lines: [{ kind: "lastKnown" }, { kind: "letters", count: 2 }] });
    expect(targets).toEqual({ level: "unknown", lines: [{ kind: "noTargets" }] });
  });

  it("tell stuck orders from those that wait for something", () => {
    expect(standings(undefined, figures(0, 0, { no_stock: 4 }, 90)).automation).toEqual({ level: "warning", lines: [{ kind: "waits", count: 4, why: "no_stock" }] });
    for (const why of ["unknown_sku", "decision", "risk", "payment", "location", "authorisation"] as const) {
      expect(standings(undefined, figures(0, 0, { [why]: 1 }, 90)).automation).toEqual({ level: "warning", lines: [{ kind: "waits", count: 1, why }] });
    }
    expect(standings(undefined, figures(0, 1, { away: 2 }, 90)).automation).toEqual({
      level: "critical",
      lines: [
        { kind: "stuck", count: 1 },
        { kind: "waits", count: 2, why: "away" },
      ],
    });
    expect(standings(undefined, figures(0, 0, {}, null)).automation.lines).toEqual([{ kind: "idle" }]);
  });
});
