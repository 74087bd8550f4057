import { createContext, use } from "react";
import type { Live } from "./live";
import type { ServerTime } from "./servertime";
import type { Store } from "./store";
import type { Ticker } from "./ticker";

/** Everything a screen needs to follow the server. Made once, before React renders. */
export interface Sync {
  store: Store;
  live: Live;
  time: ServerTime;
  ticker: Ticker;
}

export const SyncContext = createContext<Sync | undefined>(undefined);

export function useSync(): Sync {
  const sync = use(SyncContext);
  if (!sync) throw new Error("useSync needs a SyncContext above it");
  return sync;
}
