import type { Positioned } from "./api";
import { address, type AnswerOf, type Ask, type Path } from "./client";

/** One live value: the name the socket uses, and the GET whose body is the same value. */
export interface Topic<T> {
  readonly name: string;
  readonly path: string;
  /** Never set: it carries the type of the value. */
  readonly value?: T;
}

function topic<P extends Path<"get">>(name: string, path: P, ask: Ask<"get", P>): Topic<Extract<AnswerOf<"get", P>, Positioned>> {
  return { name, path: address(path, ask as object) };
}

export const kpis = topic("kpis", "/api/v1/kpis", {});

export const revenueSeries = topic("series/revenue", "/api/v1/series", { query: { metric: "revenue" } });

export const criticalStock = topic("stock/critical", "/api/v1/stock", { query: { critical: true, limit: 5 } });

export const sync = topic("sync", "/api/v1/connections", {});

export const orderTopic = (id: string) => topic(`orders/${id}`, "/api/v1/orders/{id}", { path: { id } });

export const stockTopic = (sku: string) => topic(`stock/${sku}`, "/api/v1/stock/{sku}", { path: { sku } });
