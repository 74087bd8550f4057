import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { read } from "../../sync/http";
import { useTopic } from "../../sync/hooks";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { useFormat } from "../../ui/format";
import { PageHead } from "../../ui/PageHead";
import { Rows } from "../../ui/Rows";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { kpis, sync } from "../../wire/topics";
import { Agreement } from "./Agreement";
import { ChannelCard } from "./ChannelCard";
import { ConnectCard } from "./ConnectCard";

/** Every connected shop: whether it is in step, how it fares, and what mends it. */
export function ChannelsPage() {
  const { value, position, problem, retry } = useTopic(sync);
  const { value: figures } = useTopic(kpis);
  const { data: session } = useQuery({ queryKey: ["session"], queryFn: ({ signal }) => read("/api/v1/session", {}, signal) });
  const format = useFormat();
  const { back } = useSearch({ from: "/shell/channels" });
  const ok = value?.items.filter(({ state }) => state === "ok").length ?? 0;
  return (
    <>
      <PageHead
        title={t.channels.title}
        lead={value ? value.items.length > 0 && t.channels.lead(format.count(ok), format.count(value.items.length)) : null}
      />
      {problem && (
        <div className="mb-3">
          <Trouble problem={problem} kept={value !== undefined} retry={retry} />
        </div>
      )}
      <div className="flex flex-col gap-3 md:gap-4" data-position={position < 0 ? undefined : position} data-c="channels">
        {value === undefined && !problem && (
          <Card title={t.channels.title}>
            <Rows count={6} />
          </Card>
        )}
        {value?.consistency && <Agreement told={value.consistency} />}
        {value?.items.map((item) => <ChannelCard key={item.id} item={item} owner={session?.role === "owner"} may={session !== undefined && session.role !== "viewer"} />)}
        {value?.items.length === 0 && (
          <section className="rounded-card border border-line bg-surface" aria-label={t.channels.title}>
            <Empty title={t.channels.emptyTitle} why={t.channels.emptyWhy} />
          </section>
        )}
        {value !== undefined &&
          (figures?.workspace.demo === "removable" ? (
            <p className="text-[13px] text-fg-3">{t.channels.demo}</p>
          ) : (
            <ConnectCard back={back} another={value.items.length > 0} />
          ))}
      </div>
    </>
  );
}
