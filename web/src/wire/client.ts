import type { paths } from "./schema";

/** The HTTP API as its own description has it: which path takes which method, what it is asked with, what it answers. */

export type Method = "get" | "post" | "delete";

type Operation<M extends Method, P extends keyof paths> = Extract<paths[P][M], { responses: unknown }>;

/** The paths that take a method. */
export type Path<M extends Method> = { [P in keyof paths]: [Operation<M, P>] extends [never] ? never : P }[keyof paths];

type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : undefined;
type Part<O, Name extends "path" | "query"> = O extends { parameters: Partial<Record<Name, infer T>> } ? NonNullable<T> : never;
type BodyOf<O> = O extends { requestBody: infer T } ? Json<T> : undefined;

/** What an operation answers when all is well. */
export type AnswerOf<M extends Method, P extends Path<M>> =
  Operation<M, P> extends { responses: infer R } ? (R extends { 200: infer Done } ? Json<Done> : R extends { 201: infer Made } ? Json<Made> : undefined) : never;

/** What an operation is asked with. A query's value that is undefined or empty is not sent. */
export type Ask<M extends Method, P extends Path<M>> = ([Part<Operation<M, P>, "path">] extends [never] ? unknown : { path: Part<Operation<M, P>, "path"> }) &
  ([Part<Operation<M, P>, "query">] extends [never]
    ? unknown
    : { query?: { [K in keyof Part<Operation<M, P>, "query">]: Part<Operation<M, P>, "query">[K] | undefined } }) &
  (BodyOf<Operation<M, P>> extends undefined ? unknown : { body: BodyOf<Operation<M, P>> });

/** The address of an operation: its path with what it is asked with. */
export function address(path: string, ask: { path?: object; query?: object } = {}): string {
  const at = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String((ask.path as Record<string, unknown>)[name])));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(ask.query ?? {})) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  return query.size === 0 ? at : `${at}?${query}`;
}
