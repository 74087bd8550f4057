/** Whether a part of the address can be a place in the log or the inbox. */
export function isNumber(text: string): boolean {
  return /^[1-9]\d{0,15}$/.test(text);
}

/** Whether a text names a stream in full; a begun one asks for nothing. */
export function isStream(text: string): boolean {
  return /^[^/]+\/[^/]+\/.+$/s.test(text);
}

/** Where a stream is shown: workspace/kind/id, of which the id may hold slashes. */
export function placeOfStream(stream: string): { kind: string; id: string } {
  const [, kind = "", ...id] = stream.split("/");
  return { kind, id: id.join("/") };
}

export type Cause = { kind: "position"; number: string } | { kind: "inbox"; number: string } | { kind: "flow"; order: string };

/** What a cause such as "position:801", "inbox:331" or "flow:k7:576…" points at; undefined when it is none of them. */
export function causeOf(cause: string): Cause | undefined {
  const match = /^(position|inbox|flow):(.+)$/s.exec(cause);
  const [, kind, rest = ""] = match ?? [];
  if (kind === "flow") return { kind, order: rest };
  if ((kind === "position" || kind === "inbox") && /^\d+$/.test(rest)) return { kind, number: rest };
  return undefined;
}

/** The order for which a flow did something, by a timer too; empty when no flow did it. */
export function orderBehind(event: { cause: string; actor: string; correlation: string }): string {
  const cause = causeOf(event.cause);
  if (cause?.kind === "flow") return cause.order;
  return event.actor.startsWith("flow:") ? event.correlation : "";
}

/** The raw webhook that brought an order, as the ledger names it too; 0 when a poll did. */
export function webhookBehind(events: { position: number; inbox: number }[], position: number): number {
  return events.find((event) => event.inbox > 0 && event.position <= position)?.inbox ?? 0;
}

/** What to ask for to see the events before a position, of which the log has all from 1 on. */
export function pageBefore(end: number, size: number): { after: number; limit: number } {
  const after = Math.max(0, end - 1 - size);
  return { after, limit: Math.max(1, end - 1 - after) };
}
