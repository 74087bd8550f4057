import { useQuery, useQueryClient } from "@tanstack/react-query";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import { useChange } from "./change";
import { device } from "./describe";
import { Listed } from "./Listed";

const key = ["sessions"];

/** Where one is signed in oneself. */
export function DevicesSection() {
  const query = useQuery({ queryKey: key, queryFn: ({ signal }) => read("/api/v1/sessions", {}, signal) });
  const queries = useQueryClient();
  const format = useFormat();
  const { state, run } = useChange();

  const end = (id: string): void => {
    void run("delete", "/api/v1/sessions/{session}", { path: { session: id } }).then(() => queries.invalidateQueries({ queryKey: key }));
  };

  return (
    <Card title={t.settings.devices} name="devices">
      <Listed
        query={query}
        empty={{ title: t.settings.devicesEmpty, why: t.settings.devicesEmptyWhy }}
        row={(one) => (
          <li key={one.id} className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-line py-2.5 last:border-0" data-c="device-row">
            <div className="min-w-0 flex-1 basis-56">
              <p title={one.agent}>
                {device(one.agent)}
                {one.current && <span className="ml-2 text-[13px] text-accent">{t.settings.thisDevice}</span>}
              </p>
              <p className="text-[13px] text-fg-3">
                {t.settings.seen(format.stamp(one.seen_at))} · {t.settings.since(format.stamp(one.created_at))}
              </p>
            </div>
            {!one.current && (
              <Button busy={state.kind === "sending"} onClick={() => end(one.id)}>
                {t.settings.endDevice}
              </Button>
            )}
          </li>
        )}
      />
      <Said state={state} done={t.settings.deviceEnded} roomy={false} />
    </Card>
  );
}
