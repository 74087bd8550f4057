import { Link } from "@tanstack/react-router";
import { useTicking } from "../../sync/hooks";
import { buttonLook } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Facts } from "../../ui/Facts";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { t, wordOf } from "../../ui/words/words";
import type { Connection } from "../../wire/api";
import { Doctor } from "./Doctor";
import { Headroom } from "./Headroom";
import { OlderOrders } from "./OlderOrders";
import { Pushing } from "./Pushing";

/** One connected shop. What is wrong, and what mends it, comes before the figures. */
export function ChannelCard({ item, owner, may }: { item: Connection; owner: boolean; may: boolean }) {
  const format = useFormat();
  const { success_percent, failed, quota_left_percent, waiting } = item.calls;
  return (
    <Card title={item.name} aside={<Mark state={item.state} word={t.command.connectionState[item.state]} />} name="channel">
      <p className="-mt-2 mb-3 text-[13px] text-fg-3">
        {wordOf(t.channel, item.channel)} · {t.channels.shopId} <span className="font-mono text-[12px]">{item.shop_id}</span>
      </p>
      {item.error !== "" && (
        <p className="mb-3 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-[13px] text-warn [overflow-wrap:anywhere]" data-c="channel-error">
          {item.error} {item.mend} {item.failing_since !== null && <Since at={item.failing_since} />}
        </p>
      )}
      <Facts
        rows={[
          [t.channels.lastSync, <Ago key="sync" at={item.last_success_at} name="channel-sync" />],
          [t.channels.lastWebhook, <Ago key="webhook" at={item.last_webhook_at} />],
          [t.channels.lastPoll, <Ago key="poll" at={item.last_poll_at} />],
          [t.channels.limit, format.duration(item.limit_seconds)],
          [t.channels.lag, <Number key="lag" text={format.duration(item.lag_seconds)} title={t.channels.lagWhy} />],
          [t.channels.backlog, <Number key="backlog" text={format.count(item.backlog)} />],
          [t.channels.perMinute, <Number key="minute" text={format.count(item.webhooks_per_minute)} />],
          [t.channels.total, <Number key="total" text={t.channels.totals(format.count(item.webhooks_total), format.count(item.duplicates))} />],
          [t.channels.quarantined, <Number key="quarantined" text={format.count(item.quarantined)} />],
          [t.channels.drift, <Number key="drift" text={format.count(item.drift_found)} title={t.channels.driftWhy} />],
          [
            t.channels.success,
            <Number key="success" text={success_percent === null ? t.channels.uncalled : t.channels.successes(format.percent(success_percent), format.count(failed))} />,
          ],
          [
            t.channels.quota,
            quota_left_percent === null ? undefined : (
              <Number key="quota" text={t.channels.quotas(format.percent(quota_left_percent), format.count(waiting))} title={t.channels.quotaWhy} />
            ),
          ],
          [t.channels.until, item.expires_at === null ? undefined : format.dateTime(item.expires_at)],
          [t.channels.rate, <Number key="rate" text={t.channels.rates(format.rate(item.rate.read_per_second), format.rate(item.rate.write_per_second))} />],
        ]}
      />
      {item.headroom !== null && <Headroom figures={item.headroom} />}
      <OlderOrders item={item} may={may} />
      {item.channel !== "direct" && <Pushing item={item} owner={owner} />}
      <Doctor connection={item.id}>
        <Link to="/deadletters" className={buttonLook()}>
          {t.channels.letters}
        </Link>
      </Doctor>
    </Card>
  );
}

function Number({ text, title }: { text: string; title?: string }) {
  return (
    <span className="tabular-nums" title={title}>
      {text}
    </span>
  );
}

/** How long ago something was, ticking. */
function Ago({ at, name }: { at: string | null; name?: string }) {
  const format = useFormat();
  const text = useTicking((time) => (at === null ? t.channels.never : t.channels.ago(format.age(time.secondsSince(at)))));
  return (
    <span className="tabular-nums" data-c={name}>
      {text}
    </span>
  );
}

function Since({ at }: { at: string }) {
  const format = useFormat();
  const text = useTicking((time) => t.channels.since(format.age(time.secondsSince(at))));
  return <span className="tabular-nums">{text}</span>;
}
