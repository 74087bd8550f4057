import { useTicking } from "../../sync/hooks";
import { cx } from "../../ui/cx";
import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/words";
import { agreement, type Consistency } from "./agreement";

/** How much of what the hub keeps twice is the same. Quiet while all of it is; else it says what to do. */
export function Agreement({ told }: { told: Consistency }) {
  const format = useFormat();
  const { alarming, figures } = agreement(told, format);
  const at = told.compared_at;
  const age = useTicking((time) => (at === null ? t.channels.never : t.channels.ago(format.age(time.secondsSince(at)))));
  return (
    <section
      className={cx("rounded-card border px-4 py-3 text-[13px]", alarming ? "border-crit-line bg-crit-soft text-crit" : "border-line bg-surface text-fg-2")}
      aria-label={t.channels.agreementTitle}
      data-c="consistency"
    >
      <p role={alarming ? "alert" : undefined}>{told.sentence}</p>
      {told.inside.percent !== null && (
        <p className={cx("mt-1 tabular-nums", !alarming && "text-fg-3")}>
          {figures} · {t.channels.comparedAt} {age}
        </p>
      )}
    </section>
  );
}
