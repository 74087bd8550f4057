import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { dayStarts, keepInside, nearest, plot, type Box, type Point, type Span } from "./geometry";

interface TimeChartProps {
  points: Point[];
  spans?: Span[];
  /** What the chart shows, for readers. */
  label: string;
  hint: string;
  formatValue: (value: number) => string;
  /** Axis label of a value; step is the distance to the next one. */
  formatTick: (value: number, step: number) => string;
  formatMoment: (at: number) => string;
  formatDay: (at: number) => string;
  /** Names the day of a moment in the workspace's zone. */
  dayOf: (at: number) => string;
  say: (when: string, value: string) => string;
}

const letter = 7.2; // width of one digit of the 12 px labels, generously
const noSpans: Span[] = [];

/** A line over time in SVG, with a cursor for pointer and arrow keys. It fills its parent. */
export default function TimeChart(props: TimeChartProps) {
  const { points, spans = noSpans, label, hint, formatValue, formatTick, formatMoment, formatDay, dayOf, say } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [cursor, setCursor] = useState<number | undefined>(undefined);
  const fill = useId();
  const stroke = useId();

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const drawing = useMemo(() => {
    if (size.width === 0) return undefined;
    const bare: Box = { ...size, left: 0, right: 8, top: spans.length > 0 ? 26 : 10, bottom: 26 };
    const rough = plot(points, bare);
    const widest = Math.max(1, ...rough.ticks.map(({ value }) => formatTick(value, rough.step).length));
    const box: Box = { ...bare, left: Math.ceil(widest * letter) + 8 };
    const drawn = plot(points, box);
    const days = dayStarts(points, dayOf, box.width - box.left - box.right, 96)
      .map((at) => {
        const text = formatDay(at);
        const x = drawn.x(at);
        return { at, text, x, middle: keepInside(x, text.length * letter, box.left, box.width - 2) };
      })
      .filter(({ x, middle }) => Math.abs(x - middle) <= 12); // a label far from its day would mislead
    return { box, plot: drawn, days };
  }, [points, spans, size, dayOf, formatDay, formatTick]);

  const active = cursor === undefined ? undefined : points[Math.min(cursor, points.length - 1)];
  const last = points.length - 1;

  const onMove = (event: PointerEvent<HTMLDivElement>): void => {
    if (!drawing) return;
    const { left } = event.currentTarget.getBoundingClientRect();
    const found = nearest(points, drawing.plot.at(event.clientX - left));
    setCursor(found < 0 ? undefined : found);
  };

  const onKey = (event: KeyboardEvent<HTMLDivElement>): void => {
    const here = cursor ?? last;
    const to: Record<string, number | undefined> = {
      ArrowLeft: cursor === undefined ? last : Math.max(0, here - 1),
      ArrowRight: Math.min(last, here + 1),
      PageUp: Math.min(last, here + 24),
      PageDown: Math.max(0, here - 24),
      Home: 0,
      End: last,
    };
    if (event.key === "Escape") setCursor(undefined);
    const next = to[event.key];
    if (next === undefined || last < 0) return;
    event.preventDefault();
    setCursor(next);
  };

  const spoken = active ?? points[last];
  return (
    <div
      ref={frame}
      className="relative h-full w-full touch-pan-y select-none rounded-control"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-description={hint}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, last)}
      aria-valuenow={Math.max(0, Math.min(cursor ?? last, last))}
      aria-valuetext={spoken ? say(formatMoment(spoken.at), formatValue(spoken.value)) : ""}
      onPointerMove={onMove}
      onPointerLeave={() => setCursor(undefined)}
      onBlur={() => setCursor(undefined)}
      onKeyDown={onKey}
    >
      {drawing && (
        <svg width={drawing.box.width} height={drawing.box.height} aria-hidden="true" className="absolute inset-0 block">
          <defs>
            <linearGradient id={fill} x1="0" y1="0" x2="0" y2="1">
              <stop offset="0" stopColor="var(--accent)" stopOpacity="0.28" />
              <stop offset="1" stopColor="var(--accent)" stopOpacity="0.02" />
            </linearGradient>
            <linearGradient
              id={stroke}
              gradientUnits="userSpaceOnUse"
              x1={drawing.box.left}
              x2={drawing.box.width - drawing.box.right}
              y1="0"
              y2="0"
            >
              <stop offset="0" stopColor="var(--accent)" stopOpacity="0.65" />
              <stop offset="1" stopColor="var(--accent)" />
            </linearGradient>
          </defs>
          {drawing.plot.ticks.map(({ value, y }) => (
            <g key={value}>
              <line x1={drawing.box.left} x2={drawing.box.width - drawing.box.right} y1={y} y2={y} className="stroke-line" />
              <text x={drawing.box.left - 8} y={y} dy="0.35em" textAnchor="end" className="fill-fg-3 text-[12px] tabular-nums">
                {formatTick(value, drawing.plot.step)}
              </text>
            </g>
          ))}
          {drawing.days.map(({ at, text, x, middle }) => {
            const base = drawing.box.height - drawing.box.bottom;
            return (
              <g key={at}>
                <line x1={x} x2={x} y1={base} y2={base + 4} className="stroke-control" />
                <text x={middle} y={drawing.box.height - 5} textAnchor="middle" className="fill-fg-3 text-[12px]">
                  {text}
                </text>
              </g>
            );
          })}
          {spans.map(({ from, to, label: name }) => {
            const x = drawing.plot.x(from);
            const end = drawing.plot.x(to);
            const base = drawing.box.height - drawing.box.bottom;
            return (
              <g key={from}>
                <rect x={x} y={drawing.box.top} width={Math.max(1, end - x)} height={base - drawing.box.top} className="fill-warn/15" />
                <line x1={x} x2={x} y1={drawing.box.top} y2={base} strokeDasharray="3 3" className="stroke-warn-line" />
                <line x1={end} x2={end} y1={drawing.box.top} y2={base} strokeDasharray="3 3" className="stroke-warn-line" />
                <text
                  x={keepInside((x + end) / 2, name.length * letter, drawing.box.left, drawing.box.width)}
                  y={drawing.box.top - 8}
                  textAnchor="middle"
                  className="fill-warn text-[12px] font-semibold"
                >
                  {name}
                </text>
              </g>
            );
          })}
          <path d={drawing.plot.area} fill={`url(#${fill})`} />
          <path
            d={drawing.plot.line}
            fill="none"
            stroke={`url(#${stroke})`}
            strokeWidth="2.25"
            strokeLinejoin="round"
            strokeLinecap="round"
            data-c="line"
          />
          {active && (
            <g>
              <line
                x1={drawing.plot.x(active.at)}
                x2={drawing.plot.x(active.at)}
                y1={drawing.box.top}
                y2={drawing.box.height - drawing.box.bottom}
                className="stroke-control"
              />
              <circle
                cx={drawing.plot.x(active.at)}
                cy={drawing.plot.y(active.value)}
                r="4.5"
                strokeWidth="2"
                className="fill-accent stroke-surface"
              />
            </g>
          )}
        </svg>
      )}
      {drawing && active && (
        <div
          className="pointer-events-none absolute top-0 flex -translate-x-1/2 flex-col rounded-control border border-line bg-surface-2 px-2.5 py-1 text-[12px] whitespace-nowrap shadow-lg"
          style={{ left: keepInside(drawing.plot.x(active.at), 170, 0, drawing.box.width) }}
          aria-hidden="true"
        >
          <span className="text-fg-3">{formatMoment(active.at)}</span>
          <span className="font-semibold tabular-nums">{formatValue(active.value)}</span>
        </div>
      )}
    </div>
  );
}
