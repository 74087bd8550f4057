import "./index.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { SyncContext, type Sync } from "../sync/context";
import { onSignedOut, read } from "../sync/http";
import { Live, type Rejoin } from "../sync/live";
import { ServerTime } from "../sync/servertime";
import { Store } from "../sync/store";
import { Ticker } from "../sync/ticker";
import { t } from "../ui/words/first";
import type { Positioned } from "../wire/api";
import { criticalStock, kpis, revenueSeries, sync } from "../wire/topics";
import { leave } from "./leave";
import { notices } from "./notices";
import { prefetchPages, router } from "./router";

const signedOutPages = /^\/(sign-in|setup)$/;

const queries = new QueryClient({
  // "always": without a network a read fails and says so, instead of waiting in silence
  defaultOptions: { queries: { retry: false, staleTime: 2000, refetchOnWindowFocus: true, networkMode: "always" } },
});

const store = new Store();
const time = new ServerTime();
// the board is drawn from what HTTP says while the socket's code is still on its way
const live = new Live({ open: () => import("../sync/socket").then(({ openSocket }) => openSocket(location.href)), store, time, onRejoin, onRefused });
const parts: Sync = { store, live, time, ticker: new Ticker() };

function onRejoin(how: Rejoin): void {
  void queries.invalidateQueries();
  notices.say({ resumed: t.link.resumed, reloaded: t.link.reloaded, "other-log": t.link.otherLog }[how]);
}

/** The socket cannot tell "signed out" from "gone"; the session can. A lost session answers 401, which onSignedOut hears. */
function onRefused(): void {
  read("/api/v1/session", {}).catch(() => undefined);
}

onSignedOut(() => {
  if (signedOutPages.test(location.pathname)) return;
  live.stop();
  const next = location.pathname + location.search;
  leave(next === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`);
});

const inside = !signedOutPages.test(location.pathname);
const begun: Promise<unknown>[] = [router.load()];
if (inside) {
  // before React renders: the board's values are on their way while it is built
  if (location.pathname === "/") for (const topic of [kpis, sync, criticalStock, revenueSeries]) live.watch<Positioned>(topic)();
  if (location.pathname === "/") begun.push(new Promise<void>((shown) => store.listen(kpis.name, shown)));
  live.start();
  addEventListener("online", live.look);
  addEventListener("offline", live.look);
  document.addEventListener("visibilitychange", live.look);
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1000));
  addEventListener("load", () => idle(prefetchPages));
}

// The figures have often arrived before the scripts. Then the first drawing has them: a skeleton first would be drawn for nothing.
const waitMs = 30;
void Promise.race([Promise.all(begun), new Promise((resolve) => setTimeout(resolve, waitMs))]).then(() => {
  const root = document.getElementById("root");
  if (!root) return;
  createRoot(root).render(
    <StrictMode>
      <SyncContext value={parts}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </SyncContext>
    </StrictMode>,
  );
});
