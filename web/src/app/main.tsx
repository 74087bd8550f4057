import "./index.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { SyncContext, type Sync } from "../sync/context";
import { onSignedOut, read } from "../sync/http";
import { Live, type Rejoin } from "../sync/live";
import { ServerTime } from "../sync/servertime";
import { openSocket } from "../sync/socket";
import { Store } from "../sync/store";
import { Ticker } from "../sync/ticker";
import { t } from "../ui/words/words";
import { notices } from "./notices";
import { prefetchPages, router } from "./router";

const signedOutPages = /^\/(sign-in|setup)$/;

const queries = new QueryClient({
  // "always": without a network a read fails and says so, instead of waiting in silence
  defaultOptions: { queries: { retry: false, staleTime: 2000, refetchOnWindowFocus: true, networkMode: "always" } },
});

const socket = openSocket(location.href);
const store = new Store();
const time = new ServerTime();
const live = new Live({ socket, store, time, onRejoin, onRefused });
const sync: Sync = { store, live, time, ticker: new Ticker() };

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
  location.assign(next === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`);
});

if (!signedOutPages.test(location.pathname)) {
  live.start(); // before React renders: the first frame is on its way while the screen is built
  addEventListener("online", live.look);
  addEventListener("offline", live.look);
  document.addEventListener("visibilitychange", live.look);
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1000));
  addEventListener("load", () => idle(prefetchPages));
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <SyncContext value={sync}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </SyncContext>
    </StrictMode>,
  );
}
