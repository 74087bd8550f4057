import { useCallback } from "react";
import { AnimatedNumber } from "../../ui/AnimatedNumber";
import { Delta } from "../../ui/Delta";
import { useFormat } from "../../ui/format";
import { Sparkline } from "../../ui/Sparkline";
import { t } from "../../ui/words/first";
import type { Kpis } from "../../wire/api";
import { KpiTile } from "./KpiTile";

/** The four figures. They come from one value, so all carry its position. */
export function KpiRow({ kpis }: { kpis: Kpis | undefined }) {
  const format = useFormat();
  const currency = kpis?.revenue_today.value.currency ?? "GBP";
  const money = useCallback((minor: number) => format.moneyParts({ minor: Math.round(minor), currency }), [format, currency]);
  const count = useCallback((n: number) => [format.count(n), ""] as const, [format]);
  const percent = useCallback((n: number) => [format.percent(Math.round(n * 10) / 10), ""] as const, [format]);
  const rate = useCallback((n: number) => [format.percent(Math.round(n * 100) / 100, 2), ""] as const, [format]);
  const others = kpis?.other_currencies ?? [];

  return (
    <div className="grid grid-cols-2 gap-3 md:gap-4 xl:grid-cols-4">
      <KpiTile
        name="kpi-revenue"
        label={t.command.revenue}
        position={kpis?.position}
        figure={kpis && <Figure value={kpis.revenue_today.value.minor} parts={money} />}
        title={kpis && format.money(kpis.revenue_today.value)}
        note={others.length > 0 ? t.command.otherCurrencies(others.map((amount) => format.money(amount)).join(", ")) : undefined}
        delta={kpis && <Change change={kpis.revenue_today.change_percent} base={kpis.revenue_today.base} unit="percent" />}
        spark={kpis && <Trend values={kpis.revenue_today.spark} change={kpis.revenue_today.change_percent} />}
      />
      <KpiTile
        name="kpi-orders"
        label={t.command.orders}
        position={kpis?.position}
        figure={kpis && <Figure value={kpis.orders_today.value} parts={count} />}
        delta={kpis && <Change change={kpis.orders_today.change_percent} base={kpis.orders_today.base} unit="percent" />}
        spark={kpis && <Trend values={kpis.orders_today.spark} change={kpis.orders_today.change_percent} />}
      />
      <KpiTile
        name="kpi-conversion"
        label={t.command.conversion}
        position={kpis?.position}
        figure={
          kpis &&
          (kpis.conversion.value === null ? <Missing /> : <Figure value={kpis.conversion.value} parts={rate} />)
        }
        delta={
          kpis &&
          (kpis.conversion.value === null ? (
            <Reason text={kpis.conversion.reason ?? t.command.noTraffic} title={t.command.noTrafficWhy} />
          ) : (
            <Change change={kpis.conversion.change_pp} base={kpis.conversion.base} unit="points" />
          ))
        }
        spark={kpis && kpis.conversion.value !== null && <Trend values={kpis.conversion.spark} change={kpis.conversion.change_pp} />}
      />
      <KpiTile
        name="kpi-repeat"
        label={t.command.repeat}
        position={kpis?.position}
        figure={
          kpis &&
          (kpis.repeat_customers.value === null ? <Missing /> : <Figure value={kpis.repeat_customers.value} parts={percent} />)
        }
        delta={
          kpis &&
          (kpis.repeat_customers.value === null ? (
            <Reason text={kpis.repeat_customers.reason ?? t.command.noCustomers} />
          ) : (
            <Change change={kpis.repeat_customers.change_pp} base={kpis.repeat_customers.base} unit="points" />
          ))
        }
        spark={
          kpis && kpis.repeat_customers.value !== null && (
            <Trend values={kpis.repeat_customers.spark} change={kpis.repeat_customers.change_pp} />
          )
        }
      />
    </div>
  );
}

function Figure({ value, parts }: { value: number; parts: (n: number) => readonly [string, string] }) {
  return <AnimatedNumber value={value} parts={parts} smallClassName="text-[0.6em] font-semibold text-fg-2" />;
}

/** Without a change the words take its room on phones. */
function Trend({ values, change }: { values: number[]; change: number | null }) {
  return <Sparkline values={values} falling={change !== null && change < 0} className={change === null ? "max-md:hidden" : undefined} />;
}

function Missing() {
  return <span className="text-fg-3">–</span>;
}

function Reason({ text, title }: { text: string; title?: string }) {
  return (
    <span className="block truncate text-[13px] text-fg-3" title={title}>
      {text}
    </span>
  );
}

function Change({ change, base, unit }: { change: number | null; base: string; unit: "percent" | "points" }) {
  const format = useFormat();
  if (change === null) return <Reason text={t.command.noBase} title={t.command.noBaseWhy(base)} />;
  const text = unit === "percent" ? format.changePercent(change) : format.changePoints(change);
  return <Delta change={change} text={text} label={t.command.against(text, base)} />;
}
