/** Text exactly as it is kept; JSON is set over several lines. It scrolls inside, so the page never does. */
export function Raw({ text, label }: { text: string; label: string }) {
  return (
    <pre
      tabIndex={0}
      role="group"
      aria-label={label}
      className="max-h-[420px] overflow-auto rounded-control border border-line bg-bg p-3 font-mono text-[12px] leading-relaxed text-fg-2 [overflow-wrap:anywhere] whitespace-pre-wrap"
    >
      {text}
    </pre>
  );
}
