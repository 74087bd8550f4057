import type { ProblemBody } from "../wire/api";
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

/** One request to our own server. It throws a Problem and nothing else. */
export async function request<T>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await (takeFirst(path, init) ?? fetch(path, init));
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

/** The value behind a GET. */
export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request<T>(path, signal ? { signal } : {})).body;
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
