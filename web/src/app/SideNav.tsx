import { useRouterState } from "@tanstack/react-router";
import { cx } from "../ui/cx";
import { useFormat } from "../ui/format";
import { Go } from "../ui/Go";
import { t } from "../ui/words/first";
import type { Kpis } from "../wire/api";
import { Logo } from "./Logo";
import { isAt, places } from "./navigation";

interface SideNavProps {
  workspace: Kpis["workspace"] | undefined;
  activeOrders: number | undefined;
  critical: number | undefined;
}

/** Navigation of wide screens. */
export function SideNav({ workspace, activeOrders, critical }: SideNavProps) {
  const format = useFormat();
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <aside className="sticky top-0 hidden h-dvh w-[216px] shrink-0 flex-col border-r border-line bg-surface px-3 py-4 md:flex">
      <div className="flex items-center gap-2.5 px-1.5">
        <Logo />
        <div className="min-w-0">
          <p className="leading-tight font-bold">{t.product}</p>
          <p className="min-h-[17px] truncate text-[12px] text-fg-3" data-c="workspace">
            {workspace?.name}
          </p>
        </div>
      </div>
      <nav aria-label={t.nav.label} className="mt-5 flex flex-col gap-1">
        {places.map(({ to, word, icon: Icon }) => (
          <Go
            key={to}
            href={to}
            className={cx("press flex min-h-9 items-center gap-3 rounded-control px-2.5", isAt(path, to) ? "bg-accent-soft font-medium text-fg" : "text-fg-2 hover:bg-surface-2")}
            aria-current={isAt(path, to) ? "page" : undefined}
          >
            <Icon className={cx("size-4 shrink-0", isAt(path, to) ? "text-accent" : "text-fg-3")} aria-hidden="true" />
            <span className="flex-1">{word}</span>
            {to === "/orders" && activeOrders !== undefined && activeOrders > 0 && (
              <Count text={format.count(activeOrders)} label={t.nav.activeOrders(format.count(activeOrders))} />
            )}
            {to === "/inventory" && critical !== undefined && critical > 0 && (
              <Count text={format.count(critical)} label={t.nav.criticalItems(format.count(critical))} alarming />
            )}
          </Go>
        ))}
      </nav>
      <Go href="/settings" title={t.nav.settings} className="mt-auto rounded-control border border-line px-2.5 py-2 text-[12px] text-fg-3 hover:bg-surface-2">
        {t.zone.before} <span className="text-fg-2">{workspace?.zone ?? t.zone.unknown}</span>
      </Go>
    </aside>
  );
}

function Count({ text, label, alarming = false }: { text: string; label: string; alarming?: boolean }) {
  return (
    <span
      className={cx("rounded-full px-1.5 text-[11px] leading-[18px] tabular-nums", alarming ? "bg-crit-soft text-crit" : "bg-surface-2 text-fg-2")}
    >
      <span aria-hidden="true">{text}</span>
      <span className="sr-only">{label}</span>
    </span>
  );
}
