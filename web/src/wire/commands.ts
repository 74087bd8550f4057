import type { Workspace } from "./api";
import type { Problem } from "./problem";

/** The commands and their bodies. */
export interface Commands {
  "receive-stock": { sku: string; quantity: number; reason: string };
  "adjust-stock": { sku: string; delta: number; reason: string };
  "map-sku": { connection: string; code: string; sku: string };
  "retry-step": { flow: string };
  "replay-deadletter": { id: string; reason: string };
  /** All that were opened since then, in the background. */
  "replay-deadletters": { from: string; reason: string };
  "discard-deadletter": { id: string; reason: string };
  "put-back": { id: string; reason: string };
  "configure-workspace": Partial<Workspace>;
}

/** Where one button's command stands. */
export type CommandState =
  | { kind: "idle" }
  | { kind: "sending" }
  /** Done; the screen has not reached its position yet. */
  | { kind: "accepted"; position: number }
  | { kind: "shown"; position: number }
  /** Not done. Refused is the rule's no, unsure means that we do not know whether it was done. */
  | { kind: "refused" | "unsure"; problem: Problem };
