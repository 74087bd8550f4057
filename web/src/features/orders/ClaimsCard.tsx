import { useState } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Facts } from "../../ui/Facts";
import { useFormat } from "../../ui/format";
import { Linked } from "../../ui/Linked";
import { Mark } from "../../ui/Mark";
import { Said } from "../../ui/Said";
import { t, wordOf } from "../../ui/words/words";
import type { Claim, OrderDetail, SellersAnswer } from "../../wire/api";
import { ReceiveReturn } from "./ReceiveReturn";
import { RejectClaim } from "./RejectClaim";

/** What the buyer asks for, what may be done about it, and what the channel was told by whom. Absent while nobody asks for anything. */
export function ClaimsCard({ order }: { order: OrderDetail }) {
  const format = useFormat();
  if (order.claims.length === 0 && order.answers.length === 0 && !order.refunded) return null;
  return (
    <Card title={t.claims.title} name="claims">
      {order.refunded && (
        <p className="mb-2 text-[13px] text-fg-2" data-c="refunded">
          {t.claims.refunded(format.money(order.refunded))}
        </p>
      )}
      <ul className="flex flex-col">
        {order.claims.map((claim) => (
          <ClaimItem key={`${claim.kind}-${claim.id}`} order={order.id} claim={claim} />
        ))}
      </ul>
      {order.answers.length > 0 && (
        <>
          <h3 className="mt-3 mb-1 text-[13px] font-semibold text-fg-2">{t.claims.answers}</h3>
          <ul className="flex flex-col text-[13px]">
            {order.answers.map((answer) => (
              <Answer key={answer.number} answer={answer} />
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function ClaimItem({ order, claim }: { order: string; claim: Claim }) {
  const format = useFormat();
  const approve = useCommand(claim.kind === "return" ? "approve-return" : "approve-cancellation");
  const [rejected, setRejected] = useState(false);
  // an answer that was taken is not given twice: its buttons go at once, and the channel's news says the rest
  const answered = rejected || approve.state.kind === "accepted" || approve.state.kind === "shown";
  const may = (action: string): boolean => claim.can.includes(`${action}-${claim.kind}`) && (action === "receive" || !answered);
  const open = claim.can.length > 0;
  return (
    <li className="border-b border-line py-3 first:pt-0 last:border-0" data-c="claim" data-claim={claim.id}>
      <div className="mb-1 flex flex-wrap items-center justify-between gap-x-3">
        <span className="font-medium">{t.claims.kind[claim.kind]}</span>
        <Mark state={open ? "decision" : claim.state === "rejected" || claim.state === "withdrawn" ? "cancelled" : "running"} word={t.claims.state[claim.state]} />
      </div>
      <p className="mb-2 text-[13px] text-fg-2 [overflow-wrap:anywhere]">
        <Linked>{claim.sentence}</Linked>
      </p>
      <Facts
        rows={[
          [t.claims.lines, claim.lines.length === 0 ? t.claims.whole : claim.lines.map(({ sku, code, quantity }) => `${format.count(quantity)} × ${sku || code}`).join(", ")],
          [t.claims.refund, claim.refund ? format.money(claim.refund) : undefined],
          [t.claims.asked, format.dateTime(claim.created_at)],
          [t.claims.decideBy, open && claim.decide_by ? format.dateTime(claim.decide_by) : undefined],
          [t.claims.tracking, claim.tracking || undefined],
          [
            t.claims.received,
            claim.received.length === 0
              ? undefined
              : claim.received.map(({ sku, quantity, condition }) => `${format.count(quantity)} × ${sku} (${t.claims.condition[condition]})`).join(", "),
          ],
        ]}
      />
      {may("receive") && <ReceiveReturn order={order} claim={claim} />}
      <div className="mt-2 flex flex-wrap items-end gap-2">
        {may("approve") && (
          <Button tone="primary" busy={approve.state.kind === "sending"} onClick={() => void approve.run({ order, claim: claim.id })} data-c="approve">
            {t.claims.approve[claim.kind]}
          </Button>
        )}
        {may("reject") && <RejectClaim order={order} claim={claim} taken={() => setRejected(true)} />}
      </div>
      {rejected ? <p role="status" className="mt-2 text-[13px] text-accent">{t.claims.asking}</p> : <Said state={approve.state} done={t.claims.asking} roomy={false} />}
    </li>
  );
}

function Answer({ answer }: { answer: SellersAnswer }) {
  const format = useFormat();
  const state = answer.state === "done" ? "done" : answer.state === "refused" ? "failed" : "running";
  return (
    <li className="border-b border-line py-2 last:border-0" data-c="answer">
      <div className="flex flex-wrap items-center justify-between gap-x-3">
        <span>
          {t.claims.did(t.claims.action[answer.action], wordOf(t.claims.kind, answer.kind), answer.actor)}{" "}
          <time dateTime={answer.at} className="text-fg-3 tabular-nums">
            {format.dateTime(answer.at)}
          </time>
        </span>
        <Mark state={state} word={t.claims.answerState[answer.state]} />
      </div>
      {answer.sentence !== "" && <p className="text-fg-3 [overflow-wrap:anywhere]">{answer.sentence}</p>}
    </li>
  );
}
