import { useCallback, useRef, useState } from "react";
import { send, unsure } from "../../sync/command";
import { uuid7 } from "../../sync/uuid";
import { commandSentence } from "../../ui/Said";
import { asProblem } from "../../wire/problem";

/** What became of one command for each of many things. */
export interface Outcome {
  done: number;
  /** The rules' reasons, each with how often it was given, the most frequent first. */
  refused: { why: string; count: number }[];
  /** Those of which nobody knows whether they were done: sending them again does them only once. */
  unsure: string[];
}

export type BulkState = { kind: "idle" } | { kind: "sending"; sent: number; all: number } | { kind: "told"; outcome: Outcome };

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

/** Tries the present step of many orders again. */
export function useRetryAll() {
  const [state, setState] = useState<BulkState>({ kind: "idle" });
  const keys = useRef(new Map<string, string>());
  const run = useCallback(async (ids: string[]): Promise<Outcome> => {
    const all = ids.length;
    setState({ kind: "sending", sent: 0, all });
    const outcome = await forEach(ids, keys.current, (flow, key) => send("retry-step", { flow }, key), (sent) => setState({ kind: "sending", sent, all }));
    setState({ kind: "told", outcome });
    return outcome;
  }, []);
  const forget = useCallback(() => setState({ kind: "idle" }), []);
  return { state, run, forget };
}
