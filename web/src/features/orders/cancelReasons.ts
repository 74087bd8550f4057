import { t } from "../../ui/words/words";
import type { Commands } from "../../wire/commands";

/** Why a seller has an order cancelled, as channels know it. */
export type CancelReason = Commands["cancel-order"]["reason"];

export const cancelReasons = Object.entries(t.claims.cancelReasons) as [CancelReason, string][];
