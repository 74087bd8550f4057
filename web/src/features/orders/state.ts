import type { OrderItem } from "../../wire/api";
import { t, wordOf } from "../../ui/words/words";

/** The one word that says where an order stands, and its text. A reason to wait comes before the step. */
export function orderState(order: Pick<OrderItem, "cancelled" | "waiting" | "stage" | "status">): { state: string; word: string } {
  if (order.cancelled) return { state: "cancelled", word: t.state.cancelled };
  if (order.waiting !== "") return { state: order.waiting, word: wordOf(t.state, order.waiting) };
  const stage = order.stage === "" ? order.status : order.stage;
  const known = stage in t.state;
  return { state: known ? stage : "running", word: wordOf(t.state, stage) };
}
