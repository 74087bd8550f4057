import { Link } from "@tanstack/react-router";
import { useFormat } from "../ui/format";
import { t } from "../ui/words/words";
import { places } from "./navigation";

/** Navigation of phones, within reach of the thumb. */
export function BottomNav({ critical }: { critical: number | undefined }) {
  const format = useFormat();
  return (
    <nav
      aria-label={t.nav.label}
      className="fixed inset-x-0 bottom-0 z-20 grid grid-cols-4 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {places.map(({ to, word, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === "/" }}
          className="press flex min-h-14 flex-col items-center justify-center gap-0.5 text-[11px] text-fg-3"
          activeProps={{ className: "!text-accent font-medium" }}
        >
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
        </Link>
      ))}
    </nav>
  );
}
