import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useFollow } from "../../sync/follow";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { MentionSource, AddMentionSource } from "../../wire/api";
import { useChange } from "./change";
import { Confirm } from "./Confirm";
import { Listed } from "./Listed";
import { MentionForm } from "./MentionForm";
import { ShownOnce } from "./ShownOnce";

const list = ["mention-sources"];

/** Whence mentions come, and how each source does. */
export function MentionSection() {
  const query = useQuery({ queryKey: list, queryFn: ({ signal }) => read("/api/v1/mention-sources", {}, signal) });
  useFollow(list, query.data !== undefined);
  const queries = useQueryClient();
  const { state, run } = useChange();
  const [said, setSaid] = useState("");
  const [made, setMade] = useState<{ address: string; secret: string } | undefined>(undefined);
  const [asked, setAsked] = useState("");
  const busy = state.kind === "sending";

  const add = async (body: AddMentionSource): Promise<boolean> => {
    setMade(undefined);
    setSaid(t.signals.added);
    const answer = await run("post", "/api/v1/mention-sources", { body });
    if (!answer) return false;
    queries.setQueryData(list, answer.body);
    const { source, secret } = answer.body;
    const at = answer.body.items.find(({ id }) => id === source);
    if (at && secret) setMade({ address: addressOf(at), secret });
    return true;
  };
  const remove = async (source: MentionSource): Promise<void> => {
    setSaid(t.signals.removed(source.name));
    const answer = await run("delete", "/api/v1/mention-sources/{source}", { path: { source: source.id } });
    setAsked("");
    if (answer) queries.setQueryData(list, answer.body);
  };

  return (
    <Card title={t.signals.card} name="mentions">
      <Listed
        query={query}
        empty={{ title: t.signals.noSources, why: t.signals.noSourcesWhy }}
        row={(source) => (
          <li key={source.id} className="border-b border-line py-2.5 last:border-0" data-c="source-row">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
              <div className="min-w-0 flex-1 basis-56 [overflow-wrap:anywhere]">
                <p className="font-medium">{source.name}</p>
                <p className="text-[13px] text-fg-3">{addressOf(source)}</p>
                <SourceState source={source} />
              </div>
              <Button tone="danger" busy={busy} aria-label={t.signals.removeNamed(source.name)} onClick={() => setAsked(source.id)}>
                {t.signals.remove}
              </Button>
            </div>
            {asked === source.id && (
              <Confirm
                sentence={t.signals.removeConfirm(source.name)}
                does={t.signals.removeNamed(source.name)}
                busy={busy}
                act={() => void remove(source)}
                keep={() => setAsked("")}
              />
            )}
          </li>
        )}
      />
      <Said state={state} done={said} roomy={false} />
      {made && (
        <div className="mt-3">
          <ShownOnce key={made.secret} name="mention-once" title={t.signals.secretTitle} hint={t.signals.secretHint(made.address)} value={made.secret} close={() => setMade(undefined)} />
        </div>
      )}
      <MentionForm busy={busy} add={add} />
    </Card>
  );
}

/** Where a source is: without a public address of the hub, the one that this page has. */
function addressOf({ address }: MentionSource): string {
  return address.startsWith("/") ? location.origin + address : address;
}

function SourceState({ source }: { source: MentionSource }) {
  const format = useFormat();
  const read = source.read_at === "" ? t.signals.never : source.kind === "feed" ? t.signals.readAt(format.stamp(source.read_at)) : t.signals.cameAt(format.stamp(source.read_at));
  return (
    <p className="mt-0.5 flex flex-wrap items-center gap-x-2 text-[13px] text-fg-2">
      <Mark state={source.trouble === "" ? "ok" : "warning"} word={source.trouble === "" ? t.signals.well : t.signals.trouble} />
      <span>{`${read} · ${t.signals.taken(format.count(source.taken), source.taken)}`}</span>
      {source.trouble !== "" && <span className="basis-full">{source.trouble}</span>}
    </p>
  );
}
