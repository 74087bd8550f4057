import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useTicking, useTopic } from "../../sync/hooks";
import { buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { cx } from "../../ui/cx";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { Skeleton } from "../../ui/Skeleton";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/first";
import { wordOf } from "../../ui/words/wordOf";
import type { Connection, Connections } from "../../wire/api";
import { sync } from "../../wire/topics";

/** Whether every channel is in step, and how long ago each was. */
export function SyncCard() {
  const { value, position, problem, retry } = useTopic(sync);
  return (
    <Card title={t.command.syncCard} name="i2">
      {problem && <Trouble problem={problem} kept={value !== undefined} retry={retry} />}
      <div className="flex min-h-[104px] flex-1 flex-col" data-position={position < 0 ? undefined : position}>
        {value === undefined && !problem && <Skeleton className="h-11 w-full" />}
        {value?.items.length === 0 && <Empty title={t.command.noChannels} why={t.command.noChannelsWhy} action={<Link to="/channels" className={buttonLook("primary")}>{t.command.connectOne}</Link>} />}
        {value && value.items.length > 0 && <State sync={value} />}
      </div>
    </Card>
  );
}

function State({ sync: { all_synced, items } }: { sync: Connections }) {
  const bad = items.filter((item) => item.state !== "ok");
  const only = items.length === 1 ? bad[0] : undefined;
  const Icon = all_synced ? CircleCheck : CircleAlert;
  return (
    <>
      <div className="flex items-center gap-3">
        <Icon className={cx("tint size-6 shrink-0", all_synced ? "text-accent" : "text-warn")} aria-hidden="true" />
        <div className="min-w-0">
          <p className="leading-tight" data-c="sync-state">
            {all_synced
              ? t.command.allSynced(items.length)
              : only
                ? wordOf(t.command.oneNotSynced, only.state)
                : t.command.notSynced(bad.length, items.length)}
          </p>
          <LastSync items={items} />
        </div>
      </div>
      <ul className="mt-3 flex flex-col gap-1.5">
        {items.map((item) => (
          <Row key={item.id} item={item} />
        ))}
      </ul>
    </>
  );
}

/** Of several channels the one that is furthest behind counts. */
function LastSync({ items }: { items: Connection[] }) {
  const format = useFormat();
  const text = useTicking((time) => {
    let oldest = 0;
    for (const { last_success_at } of items) {
      if (last_success_at === null) return t.command.neverSynced;
      oldest = Math.max(oldest, time.secondsSince(last_success_at));
    }
    return t.command.lastSync(format.age(oldest));
  });
  return (
    <p className="text-[13px] text-fg-3 tabular-nums" data-c="last-sync">
      {text}
    </p>
  );
}

function Row({ item }: { item: Connection }) {
  const format = useFormat();
  const age = useTicking((time) => (item.last_success_at === null ? "–" : format.age(time.secondsSince(item.last_success_at))));
  return (
    <li className="text-[13px]">
      <div className="flex items-center justify-between gap-3">
        <span className="flex min-w-0 items-center gap-2">
          <Mark state={item.state} word={t.command.connectionState[item.state]} />
          <span className="truncate">{item.name}</span>
        </span>
        <span className="shrink-0 text-fg-3 tabular-nums">{age}</span>
      </div>
      <p className="text-[12px] text-fg-3 tabular-nums">
        {t.command.webhooks(format.count(item.webhooks_per_minute), item.webhooks_per_minute)}
        {item.backlog > 0 && ` · ${t.command.backlog(format.count(item.backlog))}`}
      </p>
      {item.error !== "" && (
        <p className="text-[12px] text-warn [overflow-wrap:anywhere]">
          {item.error} {item.mend}
        </p>
      )}
    </li>
  );
}
