import { t, wordOf } from "../../ui/words/words";
import type { OrderItem } from "../../wire/api";

/**
 * The one word that says where an order stands, and its text. A reason to wait comes before the flow's end, that before
 * the channel's word; an order that is under way says at which step.
 */
export function orderState(order: Pick<OrderItem, "cancelled" | "waiting" | "stage" | "status" | "phase">): { state: string; word: string } {
  const { cancelled, waiting, stage, status, phase } = order;
  if (cancelled) return { state: "cancelled", word: t.state.cancelled };
  if (phase === "stuck") return { state: phase, word: t.state.stuck };
  if (waiting !== "") return { state: waiting, word: wordOf(t.state, waiting) };
  if (phase === "finished" || phase === "undone" || phase === "undoing") return { state: phase, word: t.state[phase] };
  if (status in t.orders.statuses) return { state: "finished", word: wordOf(t.orders.statuses, status) };
  if (stage === "") return { state: status in t.state ? status : "waiting", word: wordOf(t.state, status) };
  return { state: "running", word: t.orders.atStep(stage.replaceAll("_", " ")) };
}
