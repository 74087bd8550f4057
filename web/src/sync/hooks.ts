import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { Positioned } from "../wire/api";
import type { Topic } from "../wire/topics";
import { useSync } from "./context";
import type { LinkState } from "./live";
import type { ServerTime } from "./servertime";
import type { Entry, Shown } from "./store";

/** A live value: kept up to date while the component is mounted. */
export function useTopic<T extends Positioned>(topic: Topic<T>): Entry<T> & { retry: () => void } {
  const { live, store } = useSync();
  const { name, path } = topic;
  useEffect(() => live.watch<T>({ name, path }), [live, name, path]);
  const listen = useCallback((changed: () => void) => store.listen(name, changed), [store, name]);
  const shown = () => store.get<T>(name);
  const entry = useSyncExternalStore(listen, shown, shown);
  const retry = useCallback(() => void live.refresh({ name, path }), [live, name, path]);
  return { ...entry, retry };
}

/** The position the whole screen shows. */
export function useShown(): Shown {
  const { store } = useSync();
  return useSyncExternalStore(store.listenClock, store.clock, store.clock);
}

/** The state of the connection. */
export function useLink(): LinkState {
  const { live } = useSync();
  return useSyncExternalStore(live.listen, live.state, live.state);
}

/** A text that depends on the server's clock. It renders again only when the text changes. */
export function useTicking(text: (time: ServerTime) => string): string {
  const { ticker, time } = useSync();
  const now = () => text(time);
  return useSyncExternalStore(ticker.listen, now, now);
}
