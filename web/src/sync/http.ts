import type { ProblemBody } from "../wire/api";
import { address, type AnswerOf, type Ask, type Method, type Path } from "../wire/client";
import { Problem } from "../wire/problem";

const signedOutListeners = new Set<() => void>();

/** Tells the app that the server no longer knows who we are. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

export interface Answer<T> {
  body: T;
  /** When the answer began to arrive, our clock, milliseconds. */
  receivedAt: number;
}

/** One operation of our own server, with the types of its description. It throws a Problem and nothing else. */
export function call<M extends Method, P extends Path<M>>(
  method: M,
  path: P,
  ask: Ask<M, P>,
  more: { signal?: AbortSignal | undefined; headers?: Record<string, string> } = {},
): Promise<Answer<AnswerOf<M, P>>> {
  const { body } = ask as { body?: unknown };
  return request(address(path, ask as object), {
    ...(method !== "get" && { method: method.toUpperCase() }),
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...more.headers } }),
    ...(more.signal && { signal: more.signal }),
  });
}

/** The body behind a GET. */
export async function read<P extends Path<"get">>(path: P, ask: Ask<"get", P>, signal?: AbortSignal): Promise<AnswerOf<"get", P>> {
  return (await call("get", path, ask, { signal })).body;
}

/** One request to an address of our own server, such as a topic names. It throws a Problem and nothing else. */
export async function request<T>(at: string, init: RequestInit = {}): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await (takeFirst(at, init) ?? fetch(at, init));
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new Problem(0, "");
  }
  const receivedAt = Date.now();
  if (response.ok) {
    if (response.status === 204) return { body: undefined as T, receivedAt };
    try {
      return { body: (await response.json()) as T, receivedAt };
    } catch {
      throw new Problem(0, "");
    }
  }
  const problem = await readProblem(response);
  if (response.status === 401) for (const listener of signedOutListeners) listener();
  throw problem;
}

async function readProblem(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<ProblemBody>;
    return new Problem(response.status, body.detail ?? body.title ?? "", body.request_id ?? "", body.errors ?? []);
  } catch {
    return new Problem(response.status, "");
  }
}

declare global {
  interface Window {
    /** The first read, which index.html starts while the scripts are still loading. */
    firstRead?: { path: string; answer: Promise<Response> } | undefined;
  }
}

function takeFirst(path: string, init: RequestInit): Promise<Response> | undefined {
  const first = window.firstRead;
  if (!first || first.path !== path || init.method) return undefined;
  window.firstRead = undefined;
  return first.answer;
}
