import { useTicking } from "../../sync/hooks";
import { cx } from "../../ui/cx";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { t, wordOf } from "../../ui/words/words";
import type { Flow, FlowStep } from "../../wire/api";

/** The steps of fulfilment from top to bottom, with what each of them is waiting for. */
export function FlowTimeline({ flow, placedAt }: { flow: Flow | null; placedAt: string }) {
  const format = useFormat();
  if (!flow) return <p className="text-fg-3">{t.orders.flowNone}</p>;
  return (
    <>
      <p className="mb-1 text-fg" data-c="flow-sentence">
        {flow.sentence === "" ? t.orders.flowSentence[flow.state] : flow.sentence}
      </p>
      <p className="mb-3 text-[12px] text-fg-3 tabular-nums">
        <Times flow={flow} />
        {flow.wake_at && ` · ${t.orders.wakes(format.near(flow.wake_at, Date.now()))}`}
      </p>
      <ol className="flex flex-col">
        {flow.steps.map((step, i) => (
          <Step key={step.name} step={step} placedAt={placedAt} said={flow.sentence} last={i === flow.steps.length - 1} />
        ))}
      </ol>
    </>
  );
}

/** Our time and all time. While the flow is open all of it still runs. */
function Times({ flow }: { flow: Flow }) {
  const format = useFormat();
  const begun = flow.steps.find((step) => step.at !== "")?.at;
  const over = flow.state === "finished" || flow.state === "undone" || begun === undefined;
  const elapsed = useTicking((time) => {
    const seconds = over ? flow.elapsed_seconds : Math.max(flow.elapsed_seconds, Math.floor(time.secondsSince(begun)));
    return format.duration(seconds);
  });
  return <>{t.orders.ownTime(format.duration(flow.own_seconds), elapsed)}</>;
}

interface StepProps {
  step: FlowStep;
  /** On the day of the order a time needs no date. */
  placedAt: string;
  /** The sentence above the steps; a step does not repeat it. */
  said: string;
  last: boolean;
}

function Step({ step, placedAt, said, last }: StepProps) {
  const format = useFormat();
  const open = step.state === "pending" || step.state === "skipped";
  return (
    <li className="grid grid-cols-[14px_1fr_auto] gap-x-3 text-[13px]" data-c="step" data-state={step.state}>
      <span className="row-span-2 flex flex-col items-center pt-[5px]" aria-hidden="true">
        <span className={cx("size-2.5 shrink-0 rounded-full border-2", dot(step.state))} />
        {!last && <span className={cx("mt-1 w-px flex-1", open ? "bg-line" : "bg-control")} />}
      </span>
      <span className="min-w-0">
        <span className={cx("block", open ? "text-fg-3" : "text-fg")}>{wordOf({}, step.name)}</span>
      </span>
      <span className="flex items-start gap-3">
        {!open && (
          <span className="text-[12px] leading-[19px] text-fg-3 tabular-nums">
            {step.at !== "" && <time dateTime={step.at} title={format.dateTime(step.at)}>{format.near(step.at, placedAt)}</time>}
            {step.state === "done" && step.seconds > 0 && ` · ${format.duration(step.seconds)}`}
          </span>
        )}
        <Mark state={step.state} className="min-w-[76px]" />
      </span>
      <span className="col-start-2 col-end-4 pb-3.5 text-[12px]">
        {step.detail !== "" && step.detail !== said && <span className="block text-fg-3 [overflow-wrap:anywhere]">{step.detail}</span>}
        {step.attempts > 1 && <span className="block text-warn">{t.orders.attempts(step.attempts)}</span>}
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
