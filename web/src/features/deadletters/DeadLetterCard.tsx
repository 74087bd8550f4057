import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Facts } from "../../ui/Facts";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { DeadLetter } from "../../wire/api";
import { CorrectLetter } from "./CorrectLetter";

/** One dead letter: what failed and why, and replay, correct or discard with a reason. */
export function DeadLetterCard({ letter }: { letter: DeadLetter }) {
  const format = useFormat();
  const [reason, setReason] = useState("");
  const [noReason, setNoReason] = useState(false);
  const [correcting, setCorrecting] = useState(false);
  const replay = useCommand("replay-deadletter");
  const discard = useCommand("discard-deadletter");
  const putBack = useCommand("put-back");
  const busy = replay.state.kind === "sending" || putBack.state.kind === "sending" || discard.state.kind === "sending";
  const body = { id: letter.id, reason: reason.trim() };
  const may = (action: string): boolean => letter.actions.includes(action);

  return (
    <li className="rounded-card border border-line bg-surface p-4" data-c="deadletter" data-id={letter.id}>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        <Mark state="failed" word={t.deadletters.kind[letter.kind]} />
        <time dateTime={letter.at} className="text-[13px] text-fg-3 tabular-nums">
          {format.dateTime(letter.at)}
        </time>
      </div>
      <p className="mb-2 font-medium [overflow-wrap:anywhere]">{letter.reason}</p>
      <Facts
        rows={[
          [t.deadletters.subject, letter.subject === "" ? "" : <Subject subject={letter.subject} kind={letter.kind} />],
          [t.deadletters.field, letter.field],
          [t.deadletters.rule, letter.rule],
          [t.deadletters.sample, letter.sample === "" ? "" : <code className="font-mono text-[12px]">{letter.sample}</code>],
          [t.deadletters.attempts, format.count(letter.attempts)],
          [
            t.trace.cause,
            letter.inbox > 0 ? (
              <Link to="/inbox/$number" params={{ number: String(letter.inbox) }} className="inline-flex min-h-6 items-center text-accent hover:underline">
                {t.deadletters.raw(String(letter.inbox))}
              </Link>
            ) : (
              ""
            ),
          ],
        ]}
      />
      <div className="mt-3 flex flex-col gap-2 md:flex-row md:items-start">
        <Field
          label={t.deadletters.reason}
          value={reason}
          onChange={(event) => {
            setReason(event.target.value);
            setNoReason(false);
          }}
          error={noReason ? t.deadletters.discardNeedsReason : undefined}
          autoComplete="off"
          maxLength={200}
          className="flex-1"
        />
        {/* beside the input, below its label */}
        <div className="flex flex-wrap gap-2 md:mt-[23px]">
          {may("replay") && (
            <Button tone="primary" busy={busy} onClick={() => void replay.run(body)}>
              {t.deadletters.replay}
            </Button>
          )}
          {may("put-back") && (
            <Button tone="primary" busy={busy} onClick={() => void putBack.run(body)}>
              {t.deadletters.putBack}
            </Button>
          )}
          {may("correct") && !correcting && <Button onClick={() => setCorrecting(true)}>{t.deadletters.correct}</Button>}
          {may("discard") && (
            <Button
              tone="danger"
              busy={busy}
              onClick={() => {
                if (body.reason === "") setNoReason(true);
                else void discard.run(body);
              }}
            >
              {t.deadletters.discard}
            </Button>
          )}
        </div>
      </div>
      {correcting && <CorrectLetter letter={letter} reason={body.reason} close={() => setCorrecting(false)} />}
      <Said state={replay.state} done={t.deadletters.replayed} roomy={false} />
      <Said state={putBack.state} done={t.deadletters.returned} roomy={false} />
      <Said state={discard.state} done={t.deadletters.discarded} roomy={false} />
    </li>
  );
}

function Subject({ subject, kind }: { subject: string; kind: DeadLetter["kind"] }) {
  if (kind !== "step" && kind !== "stock") return <span className="font-mono text-[12px]">{subject}</span>;
  return (
    <Link to="/orders/$id" params={{ id: subject }} className="inline-flex min-h-6 items-center text-accent hover:underline">
      {t.orders.heading(subject.slice(subject.indexOf(":") + 1))}
    </Link>
  );
}
