/** Where a stream is shown: workspace/kind/id, of which the id may hold slashes. */
export function placeOfStream(stream: string): { kind: string; id: string } {
  const [, kind = "", ...id] = stream.split("/");
  return { kind, id: id.join("/") };
}

/** The position or inbox number behind a cause such as "position:801" or "inbox:331". */
export function causeOf(cause: string): { kind: "position" | "inbox"; number: string } | undefined {
  const match = /^(position|inbox):(\d+)$/.exec(cause);
  return match ? { kind: match[1] as "position" | "inbox", number: match[2] ?? "" } : undefined;
}
