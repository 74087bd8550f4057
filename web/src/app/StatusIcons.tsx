import { Link } from "@tanstack/react-router";
import { Bot, Check, CircleAlert, CircleDashed, Flame, Target, TriangleAlert, Wrench, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useLink, useTicking, useTopic } from "../sync/hooks";
import { cx } from "../ui/cx";
import { useFormat } from "../ui/format";
import { Popover } from "../ui/Popover";
import { t } from "../ui/words/first";
import { criticalStock, kpis, sync } from "../wire/topics";
import { useFailing } from "./failing";
import { standings, unheard, type Level, type Line, type Standing, type Standings } from "./standing";

const icons: Record<keyof Standings, LucideIcon> = { maintenance: Wrench, targets: Target, issues: Flame, automation: Bot };
const names = Object.keys(icons) as (keyof Standings)[];

const marks: Record<Level, LucideIcon> = { ok: Check, warning: TriangleAlert, critical: CircleAlert, unknown: CircleDashed };

const looks: Record<Level, { button: string; mark: string }> = {
  ok: { button: "border-line text-fg-2 hover:bg-surface-2", mark: "text-accent" },
  warning: { button: "border-warn-line bg-warn-soft text-warn", mark: "text-warn" },
  critical: { button: "border-crit-line bg-crit-soft text-crit", mark: "text-crit" },
  unknown: { button: "border-line text-fg-3 hover:bg-surface-2", mark: "text-fg-3" },
};

/** How the business stands in four icons; each opens what it knows and the way there. */
export function StatusIcons() {
  const { value: channels } = useTopic(sync);
  const { value: figures } = useTopic(kpis);
  const { value: critical } = useTopic(criticalStock);
  const { link } = useLink();
  useFailing(channels);
  const now = standings(channels, figures, critical);
  const all = link === "offline" || link === "stale" ? unheard(now) : now;
  return (
    <div role="group" aria-label={t.status.label} className="flex items-center gap-1 max-[380px]:order-last max-[380px]:w-full max-[380px]:justify-between md:gap-2">
      {names.map((name) => (
        <StatusIcon key={name} name={name} standing={all[name]} />
      ))}
    </div>
  );
}

function StatusIcon({ name, standing: { level, lines } }: { name: keyof Standings; standing: Standing }) {
  const Icon = icons[name];
  const Mark = marks[level];
  const word = t.status.names[name];
  return (
    <Popover
      name={`status-${name}`}
      label={t.status.heard(word, t.status.levels[level])}
      buttonClass={cx(
        "press tint flex h-9 items-center justify-center gap-2 rounded-control border text-[13px] max-[1399px]:w-9 max-md:size-11 max-md:gap-0 min-[1400px]:px-2.5",
        looks[level].button,
      )}
      panelClass="top-full right-0 mt-1 w-80 p-3 max-md:inset-x-3 max-md:w-auto"
      button={
        <>
          <span className="relative">
            <Icon className="size-4" aria-hidden="true" />
            <Mark className={cx("absolute -right-1.5 -bottom-1.5 size-2.5 rounded-full bg-bg min-[1400px]:hidden", looks[level].mark)} aria-hidden="true" />
          </span>
          <span className="hidden whitespace-nowrap min-[1400px]:inline" data-level={level}>
            {word}
          </span>
          <Mark className={cx("hidden size-3.5 min-[1400px]:block", looks[level].mark)} aria-hidden="true" />
        </>
      }
    >
      <p className="mb-1 flex items-center gap-2 text-[13px] font-semibold">
        <Mark className={cx("size-3.5", looks[level].mark)} aria-hidden="true" />
        {t.status.heard(word, t.status.levels[level])}
      </p>
      <ul className="flex flex-col gap-2 text-[13px] text-fg-2">
        {lines.map((line, i) => (
          <li key={i}>
            <Sentence line={line} />
          </li>
        ))}
      </ul>
    </Popover>
  );
}

/** One line in words, with the way to where something can be done about it. */
function Sentence({ line }: { line: Line }) {
  const format = useFormat();
  switch (line.kind) {
    case "connection":
      return (
        <>
          <span className="font-medium text-fg">{line.name}</span>{" "}
          {line.since !== null && <Since at={line.since} />}
          <span className="block">
            {line.error} {line.mend}
          </span>
          <Way>
            <Link to="/channels" className={way}>
              {t.status.go.channels}
            </Link>
          </Way>
        </>
      );
    case "letters":
      return (
        <>
          {t.status.letters(format.count(line.count), line.count)}
          <Way>
            <Link to="/deadletters" className={way}>
              {t.status.go.letters}
            </Link>
          </Way>
        </>
      );
    case "stock":
      return (
        <>
          {t.status.stock(format.count(line.count), line.count)}
          <Way>
            <Link to="/inventory" search={{ critical: true }} className={way}>
              {t.status.go.stock}
            </Link>
          </Way>
        </>
      );
    case "stuck":
      return (
        <>
          {t.status.stuck(format.count(line.count), line.count)}
          <Way>
            <Link to="/flows" search={{ state: "stuck" }} className={way}>
              {t.status.go.flows}
            </Link>
          </Way>
        </>
      );
    case "waits":
      return (
        <>
          {t.status.waits(format.count(line.count), line.count, t.status.whys[line.why])}
          <Way>
            <Link to="/orders" search={{ status: line.why }} className={way}>
              {t.status.go.orders}
            </Link>
          </Way>
        </>
      );
    case "running":
      return t.status.running(`${format.rate(Math.floor(line.percent * 10) / 10)}\u202f%`);
    case "synced":
      return t.status.synced(line.count);
    default:
      return t.status[line.kind];
  }
}

const way = "inline-flex min-h-8 items-center text-accent hover:underline max-md:min-h-11";

function Way({ children }: { children: ReactNode }) {
  return <span className="block">{children}</span>;
}

function Since({ at }: { at: string }) {
  const format = useFormat();
  const text = useTicking((time) => t.status.since(format.age(time.secondsSince(at))));
  return <span className="text-fg-3 tabular-nums">{text}</span>;
}
