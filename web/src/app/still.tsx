import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterContextProvider } from "@tanstack/react-router";
import { renderToStaticMarkup } from "react-dom/server";
import { CommandPage } from "../features/command/CommandPage";
import { SyncContext } from "../sync/context";
import { Live } from "../sync/live";
import { ServerTime } from "../sync/servertime";
import { Store } from "../sync/store";
import { Ticker } from "../sync/ticker";
import { router } from "./router";
import { Shell } from "./Shell";

/**
 * The board before anything is known, as HTML. The build puts it into index.html, so that a browser shows it before the first
 * script has run; React replaces it with the same. Names for the tests are left out: what has them can be used.
 */
export async function still(): Promise<string> {
  const store = new Store();
  const time = new ServerTime();
  const live = new Live({ open: () => new Promise(() => undefined), store, time });
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: ["/"] }) });
  await router.load();
  return renderToStaticMarkup(
    <SyncContext value={{ store, time, live, ticker: new Ticker({ visibilityState: "hidden", addEventListener: () => undefined, removeEventListener: () => undefined }) }}>
      <QueryClientProvider client={new QueryClient()}>
        <RouterContextProvider router={router}>
          <Shell>
            <CommandPage />
          </Shell>
        </RouterContextProvider>
      </QueryClientProvider>
    </SyncContext>,
  ).replaceAll(/ data-(?:c|position|link|level)="[^"]*"/g, "");
}
