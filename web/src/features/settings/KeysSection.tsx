import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useSync } from "../../sync/context";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { ApiKey, MadeKey, NewKey } from "../../wire/api";
import { useChange } from "./change";
import { Confirm } from "./Confirm";
import { keyFacts } from "./describe";
import { KeyForm } from "./KeyForm";
import { Listed } from "./Listed";
import { ShownOnce } from "./ShownOnce";

const list = ["keys"];

/** Keys that let programs in. */
export function KeysSection() {
  const query = useQuery({ queryKey: list, queryFn: ({ signal }) => read("/api/v1/keys", {}, signal) });
  const queries = useQueryClient();
  const { time } = useSync();
  const format = useFormat();
  const { state, run, forget } = useChange();
  const [said, setSaid] = useState("");
  const [made, setMade] = useState<MadeKey | undefined>(undefined);
  const [asked, setAsked] = useState("");
  const busy = state.kind === "sending";

  const make = async (body: NewKey): Promise<boolean> => {
    setMade(undefined);
    setSaid("");
    const answer = await run("post", "/api/v1/keys", { body });
    await queries.invalidateQueries({ queryKey: list });
    if (!answer) return false;
    forget();
    setMade(answer.body);
    return true;
  };

  const revoke = async (key: ApiKey): Promise<void> => {
    setSaid(t.settings.revoked(key.name));
    await run("delete", "/api/v1/keys/{prefix}", { path: { prefix: key.prefix } });
    await queries.invalidateQueries({ queryKey: list });
    setAsked("");
  };

  return (
    <Card title={t.settings.keys} name="keys">
      <Listed
        query={query}
        empty={{ title: t.settings.keysEmpty, why: t.settings.keysEmptyWhy }}
        row={(key) => (
          <li key={key.prefix} className="border-b border-line py-2.5 last:border-0" data-c="key-row" data-key={key.prefix}>
            <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
              <div className="min-w-0 flex-1 basis-56">
                <p className="font-medium [overflow-wrap:anywhere]">
                  {key.name} <span className="ml-1 font-mono text-[12px] font-normal text-fg-3">{key.prefix}…</span>
                </p>
                <p className="text-[13px] text-fg-3">{keyFacts(key, format, time.now()).join(" · ")}</p>
              </div>
              <Button tone="danger" busy={busy} aria-label={t.settings.revokeKey(key.name)} onClick={() => setAsked(key.prefix)}>
                {t.settings.revoke}
              </Button>
            </div>
            {asked === key.prefix && (
              <Confirm
                sentence={t.settings.revokeConfirm(key.name)}
                does={t.settings.revokeKey(key.name)}
                busy={busy}
                act={() => void revoke(key)}
                keep={() => setAsked("")}
              />
            )}
          </li>
        )}
      />
      <Said state={state} done={said} roomy={false} />
      {made && (
        <div className="mt-3">
          <ShownOnce key={made.key} name="key-once" title={t.settings.keyTitle(made.item.name)} hint={t.settings.keyHint} value={made.key} close={() => setMade(undefined)} />
        </div>
      )}
      <KeyForm busy={busy} rights={query.data?.rights ?? {}} make={make} />
    </Card>
  );
}
