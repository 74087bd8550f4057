import type { ProblemBody } from "./api";

/** An answer that is not 2xx, or no answer at all (status 0). The message is a sentence for the screen. */
export class Problem extends Error {
  readonly status: number;
  readonly requestId: string;
  readonly fields: NonNullable<ProblemBody["errors"]>;

  constructor(status: number, sentence: string, requestId = "", fields: NonNullable<ProblemBody["errors"]> = []) {
    super(sentence);
    this.name = "Problem";
    this.status = status;
    this.requestId = requestId;
    this.fields = fields;
  }
}

/** What failed, as a Problem; anything that is none is no answer. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, "");
}
