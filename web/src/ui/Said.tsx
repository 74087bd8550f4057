import { Check, CircleAlert, LoaderCircle, TriangleAlert } from "lucide-react";
import type { CommandState } from "../wire/commands";
import { cx } from "./cx";
import { t } from "./words/first";

interface SaidProps {
  state: CommandState;
  /** Empty when something else on the screen says it. */
  done: string;
  /** Whether the line keeps its place while there is nothing to say. */
  roomy?: boolean;
}

/** What became of a command, in a sentence, read out when it changes. */
export function Said({ state, done, roomy = true }: SaidProps) {
  return (
    <p role="status" className={cx("flex items-start gap-1.5 text-[13px]", roomy ? "min-h-5" : "mt-2 empty:mt-0", toneOf(state))}>
      {state.kind === "sending" && <LoaderCircle className="mt-0.5 size-3.5 shrink-0 animate-spin" aria-hidden="true" />}
      {state.kind === "shown" && done !== "" && <Check className="mt-0.5 size-3.5 shrink-0" aria-hidden="true" />}
      {state.kind === "refused" && <CircleAlert className="mt-0.5 size-3.5 shrink-0" aria-hidden="true" />}
      {state.kind === "unsure" && <TriangleAlert className="mt-0.5 size-3.5 shrink-0" aria-hidden="true" />}
      {state.kind !== "idle" && <span>{commandSentence(state, done)}</span>}
    </p>
  );
}

export function commandSentence(state: CommandState, done: string): string {
  switch (state.kind) {
    case "idle":
      return "";
    case "sending":
      return t.commandState.sending;
    case "accepted":
      return t.commandState.accepted;
    case "shown":
      return done;
    case "unsure":
      return t.commandState.unsure;
    case "refused":
      if (state.problem.status === 401) return t.commandState.signedOut;
      return state.problem.message === "" ? t.commandState.refusedWithout : state.problem.message;
  }
}

function toneOf(state: CommandState): string {
  if (state.kind === "refused") return "text-crit";
  if (state.kind === "unsure") return "text-warn";
  if (state.kind === "shown") return "text-accent";
  return "text-fg-3";
}
