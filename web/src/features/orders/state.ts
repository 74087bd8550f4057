import { t, wordOf } from "../../ui/words/words";
import type { LogEvent, OrderDetail, OrderItem } from "../../wire/api";

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

/**
 * The codes that nobody has given a SKU yet. Until all are known no line of the order has its SKU, so the lines do not
 * tell; the newest wait names what it waits for. Empty when the order waits for something else.
 */
export function unknownCodes(order: Pick<OrderDetail, "waiting" | "connection" | "lines" | "events">): string[] {
  if (order.waiting !== "unknown_sku") return [];
  const codes = [...new Set(order.lines.filter((line) => line.sku === "").map((line) => line.code))];
  const waits = order.events.filter((event) => event.name === "flow.waiting").sort((a, b) => b.position - a.position);
  const tags = (waits[0]?.data as { for?: string[] } | undefined)?.for ?? [];
  const named = codes.filter((code) => tags.includes(`mapped:${order.connection}:${code}`));
  return named.length > 0 ? named : codes;
}

/** What the channel changed in the order since it was placed, in a sentence; empty when it changed nothing. */
export function amendment(events: LogEvent[]): string {
  const newest = events.filter((event) => event.name === "order.amended").sort((a, b) => b.position - a.position)[0];
  return (newest?.data as { sentence?: string } | undefined)?.sentence ?? "";
}

/** Whether the way on stands with the lines: the order waits for units that the channel has put into it. */
export function retriedAtLines(order: Pick<OrderDetail, "relisted" | "flow">): boolean {
  return !!order.relisted && order.flow?.state !== "stuck";
}
