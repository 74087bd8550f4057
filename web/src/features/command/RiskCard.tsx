import { ShieldAlert } from "lucide-react";
import { useEffect } from "react";
import { buttonLook } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { useFormat } from "../../ui/format";
import { Go, withQuery } from "../../ui/Go";
import { t } from "../../ui/words/first";

const look = "flex items-center gap-3 rounded-card border border-warn-line bg-warn-soft px-4 py-3";

/** How many there were when this device last knew. */
const lastKnown = "risk-count";

function remembered(): number {
  try {
    return Number(localStorage.getItem(lastKnown)) || 0;
  } catch {
    return 0; // storage is blocked, or there is none where the first drawing is made
  }
}

/**
 * What may go wrong next: orders that a rule holds until somebody has looked at them. Absent while there is none. Until the
 * count is known it keeps the place that it had the last time, so that the board does not move when it comes.
 */
export function RiskCard({ count: known }: { count: number | undefined }) {
  const format = useFormat();
  useEffect(() => {
    if (known !== undefined) localStorage.setItem(lastKnown, String(known));
  }, [known]);
  const count = known ?? remembered();
  if (count === 0) return null;
  if (known === undefined) {
    return (
      <div className={cx(look, "invisible")} aria-hidden="true">
        <span className="size-10 shrink-0" />
        <div className="min-w-0 flex-1">
          <p className="text-[15px] font-semibold">{t.command.riskTitle}</p>
          <p className="text-[13px]">{t.command.risk(format.count(count), count)}</p>
        </div>
        <span className={buttonLook()}>{t.command.review}</span>
      </div>
    );
  }
  return (
    <section
      aria-label={t.command.riskTitle}
      className={look}
      data-c="risk"
      data-count={count}
    >
      <span className="grid size-10 shrink-0 place-items-center rounded-full border border-warn-line text-warn">
        <ShieldAlert className="size-5" aria-hidden="true" />
      </span>
      {/* said once when there is something new to look at; the figure that moves is not read out again */}
      <p role="alert" className="sr-only">
        {t.command.riskTitle}
      </p>
      <div className="min-w-0 flex-1">
        <h2 className="text-[15px] font-semibold text-warn">{t.command.riskTitle}</h2>
        <p className="text-[13px] text-fg tabular-nums">{t.command.risk(format.count(count), count)}</p>
      </div>
      <Go href={withQuery("/orders", { status: "risk" })} className={buttonLook()}>
        {t.command.review}
      </Go>
    </section>
  );
}
