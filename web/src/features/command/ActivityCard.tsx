import { lazy, Suspense } from "react";
import { useShown } from "../../sync/hooks";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/first";

const Particles = lazy(() => import("./Particles"));

/** How busy the hub is, as motion and in words; either says all. */
export function ActivityCard({ rate }: { rate: number | undefined }) {
  const { paused } = useShown();
  const format = useFormat();
  return (
    <Card title={t.command.activity} name="activity" aside={<span className="tabular-nums">{rate === undefined ? "" : t.command.activityRate(format.rate(rate))}</span>}>
      <div className="h-14">
        {rate !== undefined && (
          <Suspense>
            <Particles rate={rate} held={paused} />
          </Suspense>
        )}
      </div>
    </Card>
  );
}
