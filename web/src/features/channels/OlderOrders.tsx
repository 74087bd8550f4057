import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { Connection } from "../../wire/api";

const month = 30 * 24 * 3_600_000;

/** Has the orders read that were placed from one day to another, and says how far that is. */
export function OlderOrders({ item, may }: { item: Connection; may: boolean }) {
  const format = useFormat();
  const today = format.dayAndHour(Date.now()).day;
  const [open, setOpen] = useState(false);
  const [from, setFrom] = useState(() => format.dayAndHour(Date.now() - month).day);
  const [to, setTo] = useState(today);
  const begin = useCommand("back-fill");
  const stop = useCommand("stop-back-fill");
  const { can, why, running, stopping, sentence } = item.history;

  const ask = (event: FormEvent): void => {
    event.preventDefault();
    void begin.run({ connection: item.id, from, to }).then((begun) => begun && setOpen(false));
  };
  return (
    <section className="mt-3 border-t border-line pt-3" data-c="older-orders" data-running={running} aria-label={t.channels.older}>
      <h3 className="text-[13px] font-medium">{t.channels.older}</h3>
      <p role="status" className="mt-1 text-[13px] text-fg-2 tabular-nums [overflow-wrap:anywhere]">
        {can ? sentence || t.channels.olderNever : why}
      </p>
      {stopping && <p className="text-[13px] text-fg-3">{t.channels.olderStopping}</p>}
      {may && can && running && !stopping && (
        <Button className="mt-2" busy={stop.state.kind === "sending"} onClick={() => void stop.run({ connection: item.id })}>
          {t.channels.olderStop}
        </Button>
      )}
      {may && can && !running && !open && (
        <Button className="mt-2" onClick={() => setOpen(true)}>
          {t.channels.olderRead}
        </Button>
      )}
      {may && can && !running && open && (
        <form className="mt-2 flex flex-wrap items-end gap-2" onSubmit={ask}>
          <Field type="date" required label={t.channels.olderFrom} max={today} value={from} onChange={(event) => setFrom(event.target.value)} />
          <Field type="date" required label={t.channels.olderTo} max={today} value={to} onChange={(event) => setTo(event.target.value)} />
          <Button tone="primary" type="submit" busy={begin.state.kind === "sending"}>
            {t.channels.olderBegin}
          </Button>
          <Button onClick={() => setOpen(false)}>{t.channels.olderNot}</Button>
        </form>
      )}
      <Said state={begin.state} done="" roomy={false} />
      <Said state={stop.state} done="" roomy={false} />
    </section>
  );
}
