import type { Connections, Kpis, OrderDetail, Page, Series, StockDetail, StockItem } from "./api";

/** One live value: the name the socket uses, and the GET whose body is the same value. */
export interface Topic<T> {
  readonly name: string;
  readonly path: string;
  /** Never set: it carries the type of the value. */
  readonly value?: T;
}

export const kpis: Topic<Kpis> = { name: "kpis", path: "/api/v1/kpis" };

export const revenueSeries: Topic<Series> = { name: "series/revenue", path: "/api/v1/series?metric=revenue" };

export const criticalStock: Topic<Page<StockItem>> = {
  name: "stock/critical",
  path: "/api/v1/stock?critical=true&limit=5",
};

export const sync: Topic<Connections> = { name: "sync", path: "/api/v1/connections" };

export function orderTopic(id: string): Topic<OrderDetail> {
  return { name: `orders/${id}`, path: `/api/v1/orders/${encodeURIComponent(id)}` };
}

export function stockTopic(sku: string): Topic<StockDetail> {
  return { name: `stock/${sku}`, path: `/api/v1/stock/${encodeURIComponent(sku)}` };
}
