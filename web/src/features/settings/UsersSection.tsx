import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { read } from "../../sync/http";
import { Card } from "../../ui/Card";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { OneTimeLink, Role, User } from "../../wire/api";
import { useFormat } from "../../ui/format";
import { useChange } from "./change";
import { InviteForm } from "./InviteForm";
import { Listed } from "./Listed";
import { ShownOnce } from "./ShownOnce";
import { UserRow } from "./UserRow";

const key = ["users"];

/** Who may sign in, and as what. */
export function UsersSection() {
  const query = useQuery({ queryKey: key, queryFn: ({ signal }) => read("/api/v1/users", {}, signal) });
  const queries = useQueryClient();
  const format = useFormat();
  const { state, run, forget } = useChange();
  const [said, setSaid] = useState("");
  const [link, setLink] = useState<OneTimeLink | undefined>(undefined);
  const busy = state.kind === "sending";
  const at = (user: User) => ({ path: { user: user.name } });

  /** Whatever came of it, the list knows. */
  const change = async <T,>(done: string, making: () => Promise<T>): Promise<T> => {
    setSaid(done);
    setLink(undefined);
    const answer = await making();
    await queries.invalidateQueries({ queryKey: key });
    return answer;
  };

  const make = async (making: () => Promise<{ body: OneTimeLink } | undefined>): Promise<boolean> => {
    const made = await change("", making);
    if (!made) return false;
    forget();
    setLink(made.body);
    return true;
  };

  return (
    <Card title={t.settings.users} name="users">
      <Listed
        query={query}
        empty={{ title: t.settings.usersEmpty, why: t.settings.usersEmptyWhy }}
        row={(user) => (
          <UserRow
            key={user.name}
            user={user}
            busy={busy}
            relink={() => void make(() => run("post", "/api/v1/users/{user}/link", at(user)))}
            setRole={(role: Role) => change(t.settings.roleDone(user.name, t.settings.roles[role]), () => run("post", "/api/v1/users/{user}/role", { ...at(user), body: { role } }))}
            remove={() => change(t.settings.removed(user.name), () => run("delete", "/api/v1/users/{user}", at(user)))}
          />
        )}
      />
      <Said state={state} done={said} roomy={false} />
      {link && (
        <div className="mt-3">
          <ShownOnce
            key={link.link}
            name="link-once"
            title={t.settings.linkTitle(link.user)}
            hint={t.settings.linkHint(format.dateTime(link.ends_at))}
            value={new URL(link.link, location.origin).href}
            close={() => setLink(undefined)}
          />
        </div>
      )}
      <InviteForm busy={busy} invite={(name, role) => make(() => run("post", "/api/v1/users", { body: { name, role } }))} />
    </Card>
  );
}
