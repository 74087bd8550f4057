/** What a request may take, with room for what surrounds the lines in it. */
export const maxBytes = 900_000;

/** The lines of a file, whichever way they end. An end of line at the end of the file begins no line. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return lines.length > 0 ? lines : [""];
}
