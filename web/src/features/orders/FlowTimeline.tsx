import { cx } from "../../ui/cx";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { t, wordOf } from "../../ui/words/words";
import type { Flow, FlowStep } from "../../wire/api";

/** The steps of fulfilment from top to bottom, with what each of them is waiting for. */
export function FlowTimeline({ flow }: { flow: Flow | null }) {
  const format = useFormat();
  if (!flow) return <p className="text-fg-3">{t.orders.flowNone}</p>;
  return (
    <>
      <p className="mb-1 text-fg" data-c="flow-sentence">
        {flow.sentence === "" ? t.orders.flowSentence[flow.state] : flow.sentence}
      </p>
      <p className="mb-3 text-[12px] text-fg-3 tabular-nums">
        {t.orders.ownTime(format.duration(flow.own_seconds), format.duration(flow.elapsed_seconds))}
        {flow.wake_at && ` · ${t.orders.wakes(format.time(flow.wake_at))}`}
      </p>
      <ol className="flex flex-col">
        {flow.steps.map((step, i) => (
          <Step key={step.name} step={step} last={i === flow.steps.length - 1} />
        ))}
      </ol>
    </>
  );
}

function Step({ step, last }: { step: FlowStep; last: boolean }) {
  const format = useFormat();
  const open = step.state === "pending" || step.state === "skipped";
  return (
    <li className="grid grid-cols-[14px_1fr_auto] gap-x-3 text-[13px]" data-c="step" data-state={step.state}>
      <span className="flex flex-col items-center pt-[5px]" aria-hidden="true">
        <span className={cx("size-2.5 shrink-0 rounded-full border-2", dot(step.state))} />
        {!last && <span className={cx("mt-1 w-px flex-1", open ? "bg-line" : "bg-control")} />}
      </span>
      <span className="min-w-0 pb-3.5">
        <span className={cx("block", open ? "text-fg-3" : "text-fg")}>{wordOf({}, step.name)}</span>
        {step.detail !== "" && <span className="block text-[12px] text-fg-3 [overflow-wrap:anywhere]">{step.detail}</span>}
        {step.attempts > 1 && <span className="block text-[12px] text-warn">{t.orders.attempts(step.attempts)}</span>}
      </span>
      <span className="flex items-start gap-3">
        {!open && (
          <span className="text-[12px] leading-[19px] text-fg-3 tabular-nums">
            {step.at !== "" && <time dateTime={step.at}>{format.time(step.at)}</time>}
            {step.state === "done" && step.seconds > 0 && ` · ${format.duration(step.seconds)}`}
          </span>
        )}
        <Mark state={step.state} className="min-w-[76px]" />
      </span>
    </li>
  );
}

function dot(state: FlowStep["state"]): string {
  switch (state) {
    case "done":
      return "border-accent bg-accent";
    case "running":
    case "waiting":
      return "border-accent bg-surface";
    case "failed":
      return "border-crit-line bg-crit-soft";
    case "undone":
      return "border-control bg-surface-2";
    default:
      return "border-control bg-surface";
  }
}
