/** A whole number as people type it: "12", "+12", "-12", "−12". Anything else is undefined. */
export function wholeNumber(text: string): number | undefined {
  const match = /^([+\-\u2212]?)(\d{1,9})$/.exec(text.trim());
  if (!match) return undefined;
  const size = Number(match[2]);
  return match[1] === "" || match[1] === "+" ? size : size === 0 ? 0 : -size;
}
