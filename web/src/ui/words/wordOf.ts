/** A word of the server for people: known ones are looked up, others only lose their underscores. */
export function wordOf(known: Record<string, unknown>, word: string): string {
  const found = known[word];
  if (typeof found === "string") return found;
  const spaced = word.replaceAll("_", " ").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
