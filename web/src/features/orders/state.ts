import type { OrderItem } from "../../wire/api";
import { t, wordOf } from "../../ui/words/words";

/** The one word that says where an order stands, and its text. A reason to wait comes before the step. */
export function orderState(order: Pick<OrderItem, "cancelled" | "waiting" | "stage" | "status">): { state: string; word: string } {
  if (order.cancelled) return { state: "cancelled", word: t.state.cancelled };
  if (order.waiting !== "") return { state: order.waiting, word: wordOf(t.state, order.waiting) };
  const stage = order.stage === "" ? order.status : order.stage;
  if (stage in t.state) return { state: stage, word: wordOf(t.state, stage) };
  return { state: "running", word: t.orders.atStep(stage.replaceAll("_", " ")) };
}
