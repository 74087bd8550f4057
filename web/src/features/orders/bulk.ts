import { useCallback, useRef, useState } from "react";
import { send, unsure } from "../../sync/command";
import { uuid7 } from "../../sync/uuid";
import { commandSentence } from "../../ui/Said";
import { asProblem } from "../../wire/problem";
import type { CancelReason } from "./cancelReasons";

/** What became of one command for each of many things. */
export interface Outcome {
  done: number;
  /** The rules' reasons, each with how often it was given, the most frequent first. */
  refused: { why: string; count: number }[];
  /** Those of which nobody knows whether they were done: sending them again does them only once. */
  unsure: string[];
}

/** What is done with all chosen orders. */
export type Action = { kind: "retry" | "approve" } | { kind: "reject"; reason: CancelReason };

export type BulkState = { kind: "idle" } | { kind: "sending"; sent: number; all: number } | { kind: "told"; did: Action["kind"]; outcome: Outcome };

/** How many are under way at once. */
const together = 4;

/**
 * Does something for each id, a few at a time, and sums up what became of it. The keys of those that got no answer stay
 * in the map, for the next try.
 */
export async function forEach(
  ids: string[],
  keys: Map<string, string>,
  act: (id: string, key: string) => Promise<unknown>,
  told: (sent: number) => void,
): Promise<Outcome> {
  const outcome: Outcome = { done: 0, refused: [], unsure: [] };
  const refused = new Map<string, number>();
  const rest = [...ids];
  let sent = 0;
  const work = async (): Promise<void> => {
    for (let id = rest.shift(); id !== undefined; id = rest.shift()) {
      const key = keys.get(id) ?? uuid7();
      keys.set(id, key);
      try {
        await act(id, key);
        keys.delete(id);
        outcome.done++;
      } catch (cause) {
        const problem = asProblem(cause);
        if (unsure(problem)) {
          outcome.unsure.push(id);
        } else {
          keys.delete(id);
          const why = commandSentence({ kind: "refused", problem }, "");
          refused.set(why, (refused.get(why) ?? 0) + 1);
        }
      }
      told(++sent);
    }
  };
  await Promise.all(Array.from({ length: Math.min(together, ids.length) }, work));
  outcome.refused = [...refused].map(([why, count]) => ({ why, count })).sort((a, b) => b.count - a.count);
  return outcome;
}

/** As many orders as one command reviews. */
const most = 100;

/** What became of the orders of a review, as the server answers. */
interface Reviewed {
  orders: { order: string; done: boolean; why?: string }[];
}

/** Reviews orders, as many as a command takes at once, and sums up what became of each. */
export async function inParts(
  ids: string[],
  keys: Map<string, string>,
  act: (ids: string[], key: string) => Promise<unknown>,
  told: (sent: number) => void,
): Promise<Outcome> {
  const parts: Record<string, string[]> = {};
  for (let at = 0; at < ids.length; at += most) parts[ids.slice(at, at + most).join("\n")] = ids.slice(at, at + most);
  const refused = new Map<string, number>();
  let done = 0;
  let sent = 0;
  const rest = await forEach(
    Object.keys(parts),
    keys,
    async (name, key) => {
      const part = parts[name] ?? [];
      const answer = (await act(part, key)) as Reviewed;
      for (const { done: good, why = "" } of answer.orders) {
        if (good) done += 1;
        else refused.set(why, (refused.get(why) ?? 0) + 1);
      }
      told((sent += part.length));
    },
    () => undefined,
  );
  return {
    done,
    refused: [...rest.refused, ...[...refused].map(([why, count]) => ({ why, count }))].sort((a, b) => b.count - a.count),
    unsure: rest.unsure.flatMap((name) => parts[name] ?? []),
  };
}

/** Does one thing with many orders. */
export function useBulk() {
  const [state, setState] = useState<BulkState>({ kind: "idle" });
  const keys = useRef(new Map<string, string>());
  const before = useRef("");
  const run = useCallback(async (ids: string[], action: Action): Promise<Outcome> => {
    const all = ids.length;
    const told = (sent: number): void => setState({ kind: "sending", sent, all });
    if (before.current !== JSON.stringify(action)) keys.current.clear(); // a key is of one command
    before.current = JSON.stringify(action);
    told(0);
    const review = async (orders: string[], key: string): Promise<unknown> => {
      const answer = await (action.kind === "reject" ? send("reject-orders", { orders, reason: action.reason }, key) : send("approve-orders", { orders }, key));
      return answer.result;
    };
    const retry = (flow: string, key: string): Promise<unknown> => send("retry-step", { flow }, key);
    const outcome = await (action.kind === "retry" ? forEach(ids, keys.current, retry, told) : inParts(ids, keys.current, review, told));
    setState({ kind: "told", did: action.kind, outcome });
    return outcome;
  }, []);
  const forget = useCallback(() => setState({ kind: "idle" }), []);
  return { state, run, forget };
}
