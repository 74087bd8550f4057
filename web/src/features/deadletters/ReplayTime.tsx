import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { Replay } from "../../wire/api";

const hours = { hour: 1, day: 24, week: 7 * 24 } as const;

/** Tries all letters of a time again, for when one mend helps many, and says how that goes. */
export function ReplayTime({ replay }: { replay: Replay | null }) {
  const format = useFormat();
  const command = useCommand("replay-deadletters");
  const busy = command.state.kind === "sending" || replay?.running === true;
  const since = (span: keyof typeof hours): string => new Date(Date.now() - hours[span] * 3_600_000).toISOString();

  return (
    <section className="mb-3 rounded-card border border-line bg-surface p-4" data-c="replay-time" aria-label={t.deadletters.replayAll}>
      <div className="flex flex-wrap items-center gap-2">
        <span className="text-[13px] text-fg-2">{t.deadletters.replayAll}</span>
        {(Object.keys(hours) as (keyof typeof hours)[]).map((span) => (
          <Button key={span} busy={busy} aria-label={`${t.deadletters.replayAll} ${t.deadletters.spans[span]}`} onClick={() => void command.run({ from: since(span), reason: "" })}>
            {t.deadletters.spans[span]}
          </Button>
        ))}
      </div>
      <Said state={command.state} done={t.deadletters.replayBegun} roomy={false} />
      {replay !== null && (
        <p className="mt-2 text-[13px] text-fg-2" role="status">
          {replay.running
            ? t.deadletters.replaying(format.count(replay.replayed))
            : t.deadletters.replayEnded(format.count(replay.replayed), format.dateTime(replay.from), format.dateTime(replay.to))}
          {replay.skipped > 0 && t.deadletters.skipped(format.count(replay.skipped))}
        </p>
      )}
    </section>
  );
}
