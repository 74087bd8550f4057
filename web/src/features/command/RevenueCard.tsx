import { Suspense, lazy, useCallback, useMemo } from "react";
import { useTopic } from "../../sync/hooks";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { Skeleton } from "../../ui/Skeleton";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/first";
import { revenueSeries } from "../../wire/topics";

const TimeChart = lazy(() => import("../../ui/chart/TimeChart"));

/** Revenue of the last seven days, hour by hour. */
export function RevenueCard() {
  const { value, position, problem, retry } = useTopic(revenueSeries);
  const format = useFormat();
  const currency = value?.currency ?? "GBP";
  const points = useMemo(() => value?.points.map(({ at, value: v }) => ({ at: Date.parse(at), value: v })) ?? [], [value]);
  const money = useCallback((minor: number) => format.money({ minor, currency }), [format, currency]);
  const tick = useCallback(
    (minor: number, step: number) => (step < 100 ? format.money({ minor, currency }) : format.moneyShort({ minor, currency })),
    [format, currency],
  );
  const dayOf = useCallback((at: number) => format.dayAndHour(at).day, [format]);
  const moment = useCallback((at: number) => format.dayHour(at), [format]);
  const summary = useMemo(() => {
    let total = 0;
    let best = points[0];
    for (const point of points) {
      total += point.value;
      if (!best || point.value > best.value) best = point;
    }
    return { total, best };
  }, [points]);

  return (
    <Card title={t.command.chart} aside={t.command.chartSpan} name="chart-revenue" className="lg:col-span-2">
      {problem && <Trouble problem={problem} kept={value !== undefined} retry={retry} />}
      <div className="h-[220px] md:h-auto md:min-h-[288px] md:flex-1" data-position={position < 0 ? undefined : position}>
        {value === undefined ? (
          !problem && <Skeleton className="h-full w-full" />
        ) : summary.total === 0 ? (
          <div className="flex h-full">
            <Empty title={t.command.chartEmpty} why={t.command.chartEmptyWhy} />
          </div>
        ) : (
          <Suspense fallback={<Skeleton className="h-full w-full" />}>
            <TimeChart
              points={points}
              label={t.command.chartLabel}
              hint={t.command.chartHint}
              formatValue={money}
              formatTick={tick}
              formatMoment={moment}
              formatDay={format.day}
              dayOf={dayOf}
              say={t.command.chartPoint}
            />
          </Suspense>
        )}
      </div>
      {summary.best && summary.total > 0 && (
        <p className="sr-only">{t.command.chartSummary(money(summary.total), money(summary.best.value), moment(summary.best.at))}</p>
      )}
    </Card>
  );
}
