import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useEffect } from "react";
import { useSync } from "./context";

const apartMs = 2000;

/**
 * Reads a list again when the log moved on, at most every two seconds and only while someone looks. Nothing is asked
 * while nothing happens.
 */
export function useFollow(key: QueryKey, on: boolean): void {
  const client = useQueryClient();
  const { store } = useSync();
  const name = JSON.stringify(key);
  useEffect(() => {
    if (!on) return;
    let seen = store.clock().position;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      const { position } = store.clock();
      if (position === seen || timer !== undefined || document.visibilityState !== "visible") return;
      seen = position;
      timer = setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: JSON.parse(name) as QueryKey }).then(look);
      }, apartMs);
    };
    const stop = store.listenClock(look);
    document.addEventListener("visibilitychange", look);
    return () => {
      stop();
      document.removeEventListener("visibilitychange", look);
      clearTimeout(timer);
    };
  }, [client, store, name, on]);
}
