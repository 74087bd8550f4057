import { useState } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { Claim } from "../../wire/api";
import type { Commands } from "../../wire/commands";

type Reason = Commands["reject-return"]["reason"];
const reasons = Object.entries(t.claims.rejectReasons) as [Reason, string][];

/** Says no to what a buyer asks for; the channel wants a reason that it knows. */
export function RejectClaim({ order, claim, taken }: { order: string; claim: Claim; taken: () => void }) {
  const [reason, setReason] = useState<Reason>(claim.kind === "cancellation" ? "packed" : "not_eligible");
  const { state, run } = useCommand(claim.kind === "return" ? "reject-return" : "reject-cancellation");
  return (
    <div className="flex flex-wrap items-end gap-2">
      <Select label={t.claims.reason} value={reason} options={reasons} choose={setReason} className="w-56" />
      <Button tone="danger" busy={state.kind === "sending"} onClick={() => void run({ order, claim: claim.id, reason }).then((done) => done && taken())} data-c="reject">
        {t.claims.reject}
      </Button>
      <Said state={state} done={t.claims.asking} roomy={false} />
    </div>
  );
}
