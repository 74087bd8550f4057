import { useCallback, useState } from "react";
import { type Answer, call } from "../../sync/http";
import { t } from "../../ui/words/words";
import type { AnswerOf, Ask, Path } from "../../wire/client";
import type { CommandState } from "../../wire/commands";
import { asProblem, Problem } from "../../wire/problem";

/** One button's change of users, keys or sessions: it is no command of the log, so it has no key and is not sent again by itself. */
export function useChange() {
  const [state, setState] = useState<CommandState>({ kind: "idle" });

  const run = useCallback(async <M extends "post" | "delete", P extends Path<M>>(method: M, path: P, ask: Ask<M, P>): Promise<Answer<AnswerOf<M, P>> | undefined> => {
    setState({ kind: "sending" });
    try {
      const answer = await call(method, path, ask);
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
