/** The path of a small line chart from zero or the smallest value up; empty below two values. */
export function sparkPath(values: number[], width: number, height: number): string {
  if (values.length < 2) return "";
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  return values
    .map((value, i) => {
      const x = 1 + (i / (values.length - 1)) * (width - 2);
      const y = span === 0 ? height : height - 1 - ((value - low) / span) * (height - 3);
      return `${i === 0 ? "M" : "L"}${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join("");
}
