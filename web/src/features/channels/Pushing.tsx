import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useCommand } from "../../sync/command";
import { useTicking } from "../../sync/hooks";
import { Button, buttonLook } from "../../ui/Button";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { Connection } from "../../wire/api";

/** Whether the hub writes a shop's quantities, what differs there, and the way to its listings. It asks before it is switched on. */
export function Pushing({ item, owner }: { item: Connection; owner: boolean }) {
  const [asked, setAsked] = useState(false);
  const { state, run } = useCommand("push-quantities");
  const repair = useCommand("repair-listing");
  const format = useFormat();
  const since = useTicking((time) => (item.drift_since === null ? "" : format.age(time.secondsSince(item.drift_since))));
  const push = (on: boolean): void => {
    setAsked(false);
    void run({ connection: item.id, on });
  };
  return (
    <div className="mt-3 border-t border-line pt-3" data-c="pushing" data-on={item.pushing}>
      <p className="text-[13px] text-fg-2">
        {!item.pushing ? t.channels.pushOff : item.drift === 0 ? t.channels.pushOn : t.channels.drifting(format.count(item.drift), since)}
      </p>
      {item.push_trouble !== "" && <p className="mt-1 text-[13px] text-warn [overflow-wrap:anywhere]">{item.push_trouble}</p>}
      {asked && <p className="mt-2 text-[13px] text-fg">{t.channels.pushAsk}</p>}
      <div className="mt-2 flex flex-wrap gap-2">
        <Link to="/channels/$id" params={{ id: item.id }} className={buttonLook()}>
          {t.channels.listings}
        </Link>
        {owner && !asked && (
          <Button busy={state.kind === "sending"} onClick={() => (item.pushing ? push(false) : setAsked(true))} data-c="push">
            {item.pushing ? t.channels.pushStop : t.channels.pushStart}
          </Button>
        )}
        {item.pushing && item.drift > 0 && (
          <Button busy={repair.state.kind === "sending"} onClick={() => void repair.run({ connection: item.id })} data-c="repair">
            {t.repair.now}
          </Button>
        )}
        {asked && (
          <>
            <Button tone="primary" busy={state.kind === "sending"} onClick={() => push(true)}>
              {t.channels.pushYes}
            </Button>
            <Button onClick={() => setAsked(false)}>{t.channels.pushNo}</Button>
          </>
        )}
      </div>
      <Said state={state} done={t.channels.pushed} roomy={false} />
      <Said state={repair.state} done={t.repair.done} roomy={false} />
    </div>
  );
}
