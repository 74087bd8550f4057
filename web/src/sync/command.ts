import { useCallback, useEffect, useRef, useState } from "react";
import type { CommandAnswer } from "../wire/api";
import type { Path } from "../wire/client";
import type { Commands, CommandState } from "../wire/commands";
import type { Topic } from "../wire/topics";
import { useSync } from "./context";
import { asProblem, Problem } from "../wire/problem";
import { call } from "./http";
import { uuid7 } from "./uuid";

/**
 * Sends one command. The same key may be sent again: the server answers with what it did the first time. Where another log
 * answers by now than the one that the screen showed, nothing is done.
 */
export async function send<N extends keyof Commands>(name: N, body: Commands[N], key: string, log = ""): Promise<CommandAnswer> {
  const path: Path<"post"> = `/api/v1/commands/${name}`;
  const { body: answer } = await call<"post", typeof path>("post", path, { body } as never, { headers: { "Idempotency-Key": key, ...(log && { "X-Log-ID": log }) } });
  return answer as CommandAnswer; // every command answers the same
}

/** Whether sending the same command again is right, with the same key: nobody knows if the first one arrived. */
export function unsure(problem: Problem): boolean {
  return problem.status === 0 || problem.status >= 500;
}

/** What a command changes in one topic, to be shown before the server has answered. */
export interface Expected<T> {
  topic: Topic<T>;
  apply: (value: T) => T;
}

/** One button's command: its key, its state, and the moment the screen shows its effect. */
export function useCommand<N extends keyof Commands>(name: N) {
  const { store } = useSync();
  const [state, setState] = useState<CommandState>({ kind: "idle" });
  const open = useRef<{ body: string; key: string; log: string } | undefined>(undefined);

  const run = useCallback(
    async <T>(body: Commands[N], expected?: Expected<T>): Promise<boolean> => {
      const text = JSON.stringify(body);
      const overlay = expected && store.lay(expected.topic.name, expected.apply);
      if (open.current?.body !== text) open.current = { body: text, key: uuid7(), log: store.clock().log };
      setState({ kind: "sending" });
      try {
        const { position, version } = await send(name, body, open.current.key, open.current.log);
        open.current = undefined;
        if (version === 0) overlay?.drop(); // nothing had to change
        else overlay?.settle(position);
        setState({ kind: "accepted", position });
        return true;
      } catch (cause) {
        overlay?.drop();
        const problem = asProblem(cause);
        if (!unsure(problem)) open.current = undefined;
        setState({ kind: unsure(problem) ? "unsure" : "refused", problem });
        return false;
      }
    },
    [name, store],
  );

  useEffect(() => {
    if (state.kind !== "accepted") return;
    const look = (): void => {
      if (store.clock().position >= state.position) setState({ kind: "shown", position: state.position });
    };
    look();
    return store.listenClock(look);
  }, [state, store]);

  const forget = useCallback(() => setState({ kind: "idle" }), []);
  return { state, run, forget };
}
