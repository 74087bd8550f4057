import { useCallback, useState } from "react";
import { request } from "../../sync/http";
import { t } from "../../ui/words/words";
import type { CommandState } from "../../wire/commands";
import { asProblem, Problem } from "../../wire/problem";

/** One button's change of users, keys or sessions: it is no command of the log, so it has no key and is not sent again by itself. */
export function useChange() {
  const [state, setState] = useState<CommandState>({ kind: "idle" });

  const run = useCallback(async <T = undefined>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<{ body: T } | undefined> => {
    setState({ kind: "sending" });
    try {
      const answer = await request<T>(path, {
        method,
        ...(body !== undefined && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
      });
      setState({ kind: "shown", position: 0 });
      return answer;
    } catch (cause) {
      const problem = asProblem(cause);
      // without an answer a link or a key may have been made: the list shows it
      setState({ kind: "refused", problem: problem.message === "" ? new Problem(problem.status, t.settings.unknown, problem.requestId) : problem });
      return undefined;
    }
  }, []);

  const forget = useCallback(() => setState({ kind: "idle" }), []);
  return { state, run, forget };
}
