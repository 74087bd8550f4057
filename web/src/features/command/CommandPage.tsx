import { useTopic } from "../../sync/hooks";
import { useFormat } from "../../ui/format";
import { PageHead } from "../../ui/PageHead";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/first";
import { kpis } from "../../wire/topics";
import { ActivityCard } from "./ActivityCard";
import { AutomationCard } from "./AutomationCard";
import { CriticalStockCard } from "./CriticalStockCard";
import { KpiRow } from "./KpiRow";
import { RevenueCard } from "./RevenueCard";
import { RiskCard } from "./RiskCard";
import { SyncCard } from "./SyncCard";

/** The board: what may go wrong first, then money, then why, then what needs a hand. */
export function CommandPage() {
  const { value, problem, retry } = useTopic(kpis);
  const format = useFormat();
  return (
    <>
      <PageHead
        title={t.command.title}
        name="o1"
        lead={
          value ? (
            <span className="tabular-nums">
              <strong className="font-semibold text-fg" data-c="active-orders">
                {format.count(value.active_orders)}
              </strong>{" "}
              {t.command.activeOrders(value.active_orders)} · {t.command.eventsPerSecond(format.rate(value.events_per_second))}
            </span>
          ) : null
        }
      />
      <div className="flex flex-col gap-3 md:gap-4">
        {problem && <Trouble problem={problem} kept={value !== undefined} retry={retry} />}
        <RiskCard count={value?.automation.waiting.risk} />
        <KpiRow kpis={value} />
        <div className="grid grid-cols-1 gap-3 md:gap-4 lg:grid-cols-3">
          <RevenueCard />
          <CriticalStockCard />
          <AutomationCard automation={value?.automation} />
          <SyncCard />
        </div>
        <ActivityCard rate={value?.events_per_second} />
      </div>
    </>
  );
}
