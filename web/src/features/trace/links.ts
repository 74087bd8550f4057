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

/** The raw webhook behind something a flow did: the newest one its order had heard of by then; 0 for none. */
export function webhookBehind(events: { position: number; inbox: number }[], position: number): number {
  return events.reduce((best, event) => (event.inbox > 0 && event.position <= position ? Math.max(best, event.inbox) : best), 0);
}
