import { useCallback } from "react";
import { AnimatedNumber } from "../../ui/AnimatedNumber";
import { Card } from "../../ui/Card";
import { Delta } from "../../ui/Delta";
import { useFormat } from "../../ui/format";
import { Go, withQuery } from "../../ui/Go";
import { Mark } from "../../ui/Mark";
import { Skeleton } from "../../ui/Skeleton";
import { t } from "../../ui/words/first";
import type { Kpis, WaitingWord } from "../../wire/api";

const waits: (WaitingWord | "stuck")[] = ["stuck", "no_stock", "unknown_sku", "on_hold", "unpaid"];
/** Waits that are shown only while an order is in them: something is wrong with its channel. Those held for review have a card of their own. */
const rare: WaitingWord[] = ["payment", "tracking", "authorisation", "away", "channel"];

/** How orders go through without a hand, and which ones wait for one. */
export function AutomationCard({ automation }: { automation: Kpis["automation"] | undefined }) {
  const format = useFormat();
  // never rounded up: 100 % means that nothing failed
  const percent = useCallback((n: number) => [format.rate(Math.floor(n * 10) / 10), "\u202f%"] as const, [format]);
  const seconds = useCallback((n: number) => split(format.duration(n)), [format]);

  return (
    <Card title={t.command.automation} name="o2" className="lg:col-span-2">
      <div className="grid flex-1 grid-cols-1 content-between gap-x-8 gap-y-4 sm:grid-cols-2">
        <div className="min-w-40">
          <p className="text-[24px] leading-tight font-bold tracking-tight" data-c="health">
            {automation === undefined ? (
              <Skeleton className="h-7 w-20" />
            ) : automation.health_percent === null ? (
              <span className="text-fg-3">–</span>
            ) : (
              <AnimatedNumber value={automation.health_percent} parts={percent} smallClassName="text-[0.65em] font-medium text-fg-3" />
            )}
          </p>
          <p className="text-[13px] text-fg-3">
            {automation?.health_percent === null ? t.command.noHealth : t.command.health}
          </p>
          <p className="min-h-[17px] text-[12px] text-fg-3 tabular-nums">
            {automation !== undefined && automation.finished > 0 &&
              t.command.healthDetail(format.count(automation.untouched), format.count(automation.finished), automation.window_hours)}
          </p>
        </div>
        <div className="min-w-44">
          <p className="flex items-baseline gap-3 text-[24px] leading-tight font-bold tracking-tight" data-c="mean">
            {automation === undefined ? (
              <Skeleton className="h-7 w-24" />
            ) : automation.mean_seconds === null ? (
              <span className="text-fg-3">–</span>
            ) : (
              <AnimatedNumber value={automation.mean_seconds} parts={seconds} smallClassName="text-[0.65em] font-medium text-fg-3" />
            )}
            {automation !== undefined && automation.change_percent !== null && (
              <Delta
                change={automation.change_percent}
                text={format.changePercent(automation.change_percent)}
                label={t.command.against(`${format.changePercent(automation.change_percent)} ${t.command.trend}`, `${automation.window_hours} h`)}
                lessIsBetter
              />
            )}
          </p>
          <p className="text-[13px] text-fg-3">{t.command.mean}</p>
          <p className="min-h-[17px] text-[12px] text-fg-3 tabular-nums">
            {automation?.p95_seconds != null && t.command.p95(format.duration(automation.p95_seconds))}
            {automation?.elapsed_mean_seconds != null && ` · ${t.command.elapsed(format.duration(automation.elapsed_mean_seconds))}`}
          </p>
        </div>
        <div className="min-w-0 sm:col-span-2">
          <p className="mb-1.5 text-[13px] text-fg-3">{t.command.waitingTitle}</p>
          <ul className="flex flex-wrap gap-2">
            {[...waits, ...rare.filter((word) => automation?.waiting[word])].map((word) => (
              <li key={word}>
                <Waiting word={word} count={automation === undefined ? undefined : word === "stuck" ? automation.stuck : (automation.waiting[word] ?? 0)} />
              </li>
            ))}
          </ul>
        </div>
      </div>
    </Card>
  );
}

function Waiting({ word, count }: { word: WaitingWord | "stuck"; count: number | undefined }) {
  const format = useFormat();
  return (
    <Go
      href={withQuery("/orders", { status: word })}
      className="press inline-flex min-h-8 items-center gap-2 rounded-control border border-line px-2.5 hover:bg-surface-2 max-md:min-h-11"
      data-c={`waiting-${word}`}
    >
      {!count ? <span className="text-[13px] text-fg-3">{t.state[word]}</span> : <Mark state={word} />}
      <span className={`min-w-4 text-right text-[13px] font-semibold tabular-nums ${!count ? "text-fg-3" : ""}`}>{count === undefined ? "·" : format.count(count)}</span>
    </Go>
  );
}

/** "12.6 s" as "12.6" and " s", so that the unit can be set small; longer durations stay whole. */
function split(text: string): readonly [string, string] {
  const at = text.indexOf("\u202f");
  return text.includes(" ") || at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}
