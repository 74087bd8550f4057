import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { call, read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { AppForm, type AppFields } from "./AppForm";
import { forgetBegun, keepBegun, readBegun } from "./consent";
import { ShopForm } from "./ShopForm";

/** Connects a shop: the app's credentials, the seller's consent at the channel where it has such a page, and what comes of it. */
export function ConnectCard({ back, another }: { back: string | undefined; another: boolean }) {
  const { data: session } = useQuery({ queryKey: ["session"], queryFn: ({ signal }) => read("/api/v1/session", {}, signal) });
  const owner = session?.role === "owner";
  const { data: list, error: unlisted } = useQuery({ queryKey: ["channels"], queryFn: ({ signal }) => read("/api/v1/channels", {}, signal), enabled: owner });
  const client = useQueryClient();
  const navigate = useNavigate({ from: "/channels" });
  const [begun, setBegun] = useState(readBegun);
  const [open, setOpen] = useState(!another || back !== undefined);

  const app = useMutation({
    mutationFn: async ({ channel: { name: channel }, key, secret, asked, base_url, auth_url }: AppFields) => {
      const state = crypto.randomUUID();
      const { body: added } = await call("post", "/api/v1/apps", {
        body: { channel, key, secret, ...(asked && { state, asked }), ...(base_url && { base_url }), ...(auth_url && { auth_url }) },
      });
      keepBegun({ app: added.app, state, channel });
      setBegun({ app: added.app, state, channel });
      if (added.consent_url !== "") location.assign(added.consent_url);
    },
  });
  const shops = useMutation({
    mutationFn: async ({ given, name }: { given: Record<string, string>; name: string }) =>
      (await call("post", "/api/v1/connections", { body: { app: begun?.app ?? "", given, ...(name && { name }) } })).body,
    onSuccess: () => {
      forgetBegun();
      void navigate({ search: {}, replace: true }); // a code is worth nothing now, and need not stay in the address
      void client.invalidateQueries();
    },
  });

  const restart = (): void => {
    forgetBegun();
    setBegun(undefined);
    app.reset();
    shops.reset();
  };

  const channel = list?.channels.find(({ name }) => name === begun?.channel);
  const failure = app.error ?? unlisted;
  const title = another ? t.channels.another : t.channels.first;
  if (session && !owner) {
    return (
      <Card title={title} name="connect">
        <p className="text-[13px] text-fg-3">{t.channels.ownersOnly}</p>
      </Card>
    );
  }
  return (
    <Card title={title} name="connect">
      {shops.data ? (
        <div role="status" className="flex flex-col items-start gap-3 text-[13px]">
          <p className="text-accent">{t.channels.connected(shops.data.shops.map(({ name }) => name).join(", "))}</p>
          <p className="text-fg-2 [overflow-wrap:anywhere]">{shops.data.webhooks === "" ? t.channels.polling : t.channels.webhooksTo(shops.data.webhooks)}</p>
          <Button onClick={restart}>{t.channels.another}</Button>
        </div>
      ) : !open ? (
        <Button className="self-start" onClick={() => setOpen(true)}>
          {t.channels.connect}
        </Button>
      ) : begun && channel ? (
        <ShopForm
          channel={channel}
          entered={back ?? ""}
          state={begun.state}
          busy={shops.isPending}
          trouble={shops.error ? sentence(shops.error) : ""}
          connect={(given, name) => shops.mutate({ given, name })}
          restart={restart}
        />
      ) : (
        <AppForm channels={list?.channels ?? []} busy={app.isPending} trouble={failure ? sentence(failure) : back !== undefined ? t.channels.notBegun : ""} add={(fields) => app.mutate(fields)} />
      )}
    </Card>
  );
}

function sentence(error: Error): string {
  const { message, fields } = asProblem(error);
  const named = fields.map(({ field, rule }) => `${field}: ${rule}`).join("; ");
  return [message === "" ? t.trouble.unreachableFirst : message, named].filter((part) => part !== "").join(" ");
}
