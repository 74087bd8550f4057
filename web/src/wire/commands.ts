import type { Ask, Path } from "./client";
import type { Problem } from "./problem";

/** The commands and their bodies. */
export type Commands = { [P in Path<"post"> as P extends `/api/v1/commands/${infer Name}` ? Name : never]: Ask<"post", P> extends { body: infer Body } ? Body : never };

/** Where one button's command stands. */
export type CommandState =
  | { kind: "idle" }
  | { kind: "sending" }
  /** Done; the screen has not reached its position yet. */
  | { kind: "accepted"; position: number }
  | { kind: "shown"; position: number }
  /** Not done. Refused is the rule's no, unsure means that we do not know whether it was done. */
  | { kind: "refused" | "unsure"; problem: Problem };
