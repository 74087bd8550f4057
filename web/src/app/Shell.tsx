import { useRouterState } from "@tanstack/react-router";
import { LogOut } from "lucide-react";
import { useEffect, useMemo, useRef, type ReactNode, type RefObject } from "react";
import { useTopic } from "../sync/hooks";
import { FormatContext, makeFormat } from "../ui/format";
import { t } from "../ui/words/first";
import { criticalStock, kpis } from "../wire/topics";
import { BottomNav } from "./BottomNav";
import { DemoBar } from "./DemoBar";
import { Finder } from "./Finder";
import { Keys } from "./Keys";
import { locale } from "./locale";
import { LivePill } from "./LivePill";
import { SideNav } from "./SideNav";
import { signOut } from "./signOut";
import { StatusIcons } from "./StatusIcons";
import { ThemeToggle } from "./ThemeToggle";

/** What stays while screens change: navigation, the connection, the workspace and its zone. */
export function Shell({ children }: { children: ReactNode }) {
  const { value } = useTopic(kpis);
  const { value: critical } = useTopic(criticalStock);
  const zone = value?.workspace.zone ?? "UTC";
  const format = useMemo(() => makeFormat(locale, zone), [zone]);
  const main = useRef<HTMLElement>(null);

  return (
    <FormatContext value={format}>
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-40 focus:rounded-control focus:bg-accent focus:px-3 focus:py-2 focus:text-on-accent"
      >
        {t.skip}
      </a>
      <div className="group/shell flex min-h-dvh" data-demo={value?.workspace.demo === "removable" || value?.workspace.demo === "fixed" ? "" : undefined}>
        <SideNav workspace={value?.workspace} activeOrders={value?.active_orders} critical={critical?.total} />
        <div className="flex min-w-0 flex-1 flex-col">
          <header className="sticky top-0 z-10 flex h-14 items-center gap-2 border-b border-line bg-bg px-3 max-[380px]:h-auto max-[380px]:flex-wrap max-[380px]:py-1.5 md:px-6">
            <Finder />
            <div className="flex min-w-0 flex-1 items-center md:hidden">
              <span className="min-w-0 truncate font-semibold max-[600px]:sr-only">{value?.workspace.name ?? t.product}</span>
            </div>
            <div className="hidden flex-1 md:block" />
            <StatusIcons />
            <LivePill />
            <div className="flex gap-2 max-md:hidden">
              <ThemeToggle className="grid size-9 place-items-center rounded-control border border-line" />
              <button
                type="button"
                className="press grid size-9 place-items-center rounded-control border border-line text-fg-2 hover:bg-surface-2"
                aria-label={t.nav.signOut}
                title={t.nav.signOut}
                onClick={signOut}
              >
                <LogOut className="size-4" aria-hidden="true" />
              </button>
            </div>
          </header>
          {value && value.workspace.demo !== "fixed" && <DemoBar demo={value.workspace.demo} />}
          <main ref={main} id="main" tabIndex={-1} className="flex-1 px-3 pt-4 pb-4 outline-none max-md:min-h-[calc(100dvh-3.5rem)] md:px-6 md:pt-5 md:pb-8">
            {children}
          </main>
          {/* at the lower edge, so that nothing moves when it comes */}
          {value?.workspace.demo === "fixed" && <DemoBar demo="fixed" />}
          {/* below the first screen, so that it does not move when the content comes */}
          <footer className="px-3 pb-20 text-center text-[12px] text-fg-3 md:hidden">
            {t.zone.before} {value?.workspace.zone ?? t.zone.unknown}
          </footer>
        </div>
        <Arrival main={main} />
        <BottomNav critical={critical?.total} />
        <Keys />
      </div>
    </FormatContext>
  );
}

/** After a change of screen the next Tab goes into the new one, and readers go on there. By itself, so that nothing else is drawn for it. */
function Arrival({ main }: { main: RefObject<HTMLElement | null> }) {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    const arrived = before.current !== undefined && before.current !== path;
    before.current = path;
    if (arrived) main.current?.focus({ preventScroll: true });
  }, [main, path]);
  return null;
}
