import { useEffect, useState } from "react";
import { read } from "../sync/http";
import type { OrderItem, StockItem } from "../wire/api";

/** What a search found: the nearest few of each kind. */
export interface Found {
  /** The text these were found for. */
  q: string;
  orders: OrderItem[];
  skus: StockItem[];
  failed: boolean;
}

const pauseMs = 150;

/** Searches orders and SKUs when the typing pauses. An empty text finds nothing. */
export function useFinding(text: string): Found | undefined {
  const [found, setFound] = useState<Found | undefined>(undefined);
  const q = text.trim();
  useEffect(() => {
    if (q === "") {
      setFound(undefined);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      const query = { q, limit: 5 };
      Promise.all([
        read("/api/v1/orders", { query }, stop.signal),
        read("/api/v1/stock", { query }, stop.signal),
      ]).then(
        ([orders, skus]) => setFound({ q, orders: orders.items, skus: skus.items, failed: false }),
        () => {
          if (!stop.signal.aborted) setFound({ q, orders: [], skus: [], failed: true });
        },
      );
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [q]);
  return found;
}
