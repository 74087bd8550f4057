import { useRouterState } from "@tanstack/react-router";
import { Ellipsis, LogOut } from "lucide-react";
import { cx } from "../ui/cx";
import { useFormat } from "../ui/format";
import { Go } from "../ui/Go";
import { Popover } from "../ui/Popover";
import { t } from "../ui/words/first";
import { isAt, onPhones, places } from "./navigation";
import { signOut } from "./signOut";
import { ThemeToggle } from "./ThemeToggle";

const look = "press flex min-h-14 w-full flex-col items-center justify-center gap-0.5 text-[11px]";

const row = "flex min-h-11 w-full items-center gap-3 rounded-control px-3 text-left";

/** Navigation of phones, within reach of the thumb. */
export function BottomNav({ critical }: { critical: number | undefined }) {
  const format = useFormat();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const rest = places.slice(onPhones);
  const inRest = rest.some(({ to }) => isAt(path, to));
  return (
    <nav
      aria-label={t.nav.label}
      className="fixed inset-x-0 bottom-0 z-20 grid grid-cols-5 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {places.slice(0, onPhones).map(({ to, word, icon: Icon }) => (
        <Go key={to} href={to} className={cx(look, isAt(path, to) ? "font-medium text-accent" : "text-fg-3")} aria-current={isAt(path, to) ? "page" : undefined}>
          <span className="relative">
            <Icon className="size-5" aria-hidden="true" />
            {to === "/inventory" && critical !== undefined && critical > 0 && (
              <span className="absolute -top-1.5 left-3 min-w-4 rounded-full border border-crit-line bg-crit-soft px-1 text-center text-[11px] leading-[14px] font-semibold text-crit tabular-nums">
                <span aria-hidden="true">{critical > 99 ? "99+" : critical}</span>
                <span className="sr-only">{t.nav.criticalItems(format.count(critical))}</span>
              </span>
            )}
          </span>
          {word}
        </Go>
      ))}
      <Popover
        name="more"
        label={t.nav.moreLabel}
        buttonClass={cx(look, inRest ? "font-medium text-accent" : "text-fg-3")}
        panelClass="right-2 bottom-full mb-2 w-56 p-1"
        button={
          <>
            <Ellipsis className="size-5" aria-hidden="true" />
            {t.nav.more}
          </>
        }
      >
        <ul>
          {rest.map(({ to, word, icon: Icon }) => (
            <li key={to}>
              <Go href={to} className={cx("press", row, isAt(path, to) ? "bg-accent-soft font-medium text-fg" : "text-fg-2")} aria-current={isAt(path, to) ? "page" : undefined}>
                <Icon className="size-4 text-fg-3" aria-hidden="true" />
                {word}
              </Go>
            </li>
          ))}
          <li className="mt-1 border-t border-line pt-1">
            <ThemeToggle words className={row} />
          </li>
          <li>
            <button type="button" className={cx("press text-fg-2", row)} onClick={signOut}>
              <LogOut className="size-4 text-fg-3" aria-hidden="true" />
              {t.nav.signOut}
            </button>
          </li>
        </ul>
      </Popover>
    </nav>
  );
}
