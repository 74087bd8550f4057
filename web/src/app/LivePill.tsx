import { Pause, Play } from "lucide-react";
import { useCallback, useEffect } from "react";
import { useSync } from "../sync/context";
import { useLink, useShown, useTicking } from "../sync/hooks";
import type { Link } from "../sync/live";
import { cx } from "../ui/cx";
import { useFormat } from "../ui/format";
import { t } from "../ui/words/first";

const dots: Record<Link | "paused", string> = {
  live: "bg-accent",
  connecting: "bg-control",
  reconnecting: "bg-warn",
  stale: "bg-warn",
  offline: "bg-crit",
  paused: "bg-transparent border-2 border-fg-3",
};

/** How live the screen is, how old its data, and the way to hold it still. */
export function LivePill() {
  const { store, live } = useSync();
  const { link, roundTrip } = useLink();
  const { paused, held } = useShown();
  const format = useFormat();
  const old = link !== "live" && link !== "connecting";
  const age = useTicking(() => (old ? format.age((Date.now() - live.state().heardAt) / 1000) : ""));

  const toggle = useCallback(() => {
    if (store.clock().paused) store.resume();
    else store.pause();
  }, [store]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key !== "p" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      toggle();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [toggle]);

  const shown = paused && link === "live" ? "paused" : link;
  const Icon = paused ? Play : Pause;
  const action = paused ? t.link.resume : t.link.pause;
  return (
    <div
      className={cx(
        "tint flex min-h-9 items-center rounded-full border pl-3 text-[13px] whitespace-nowrap max-md:min-h-11",
        link === "offline" ? "border-crit-line" : link === "stale" || link === "reconnecting" ? "border-warn-line" : "border-line",
      )}
      data-c="live"
      data-link={link}
    >
      <span className={cx("tint mr-2 size-2 shrink-0 rounded-full", dots[shown])} aria-hidden="true" />
      {/* on phones the figure beside it and its colour have to do; readers hear the word */}
      <span role="status" className={cx(shown !== "live" && "max-[430px]:sr-only")}>
        {t.link[shown]}
      </span>
      {paused && held > 0 && <Aside text={t.link.held(held)} short={t.link.heldShort(format.count(held))} />}
      {old && <Aside text={t.link.dataAge(age)} short={age} name="data-age" />}
      {link === "live" && !paused && roundTrip !== undefined && (
        <span className="ml-1.5 hidden text-fg-3 tabular-nums sm:inline" title={t.link.roundTripTitle(format.count(roundTrip))}>
          {t.link.roundTrip(format.count(roundTrip))}
        </span>
      )}
      <button
        type="button"
        className="press ml-0.5 grid size-8 place-items-center rounded-full text-fg-3 hover:text-fg max-md:size-11"
        aria-label={action}
        title={action}
        aria-pressed={paused}
        onClick={toggle}
      >
        <Icon className="size-3.5" aria-hidden="true" />
      </button>
    </div>
  );
}

/** What stands beside the state; on phones only its figure has room, readers hear all of it. */
function Aside({ text, short, name }: { text: string; short: string; name?: string }) {
  return (
    <span className="ml-1.5 text-fg-3 tabular-nums">
      <span className="max-md:sr-only" data-c={name}>
        {text}
      </span>
      <span className="md:hidden" aria-hidden="true">
        {short}
      </span>
    </span>
  );
}
