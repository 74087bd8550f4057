import { useState } from "react";
import { Button } from "../../ui/Button";
import { useFormat } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { Role, User } from "../../wire/api";
import { Confirm } from "./Confirm";
import { presence, roles } from "./describe";
import { Select } from "../../ui/Select";

interface UserRowProps {
  user: User;
  busy: boolean;
  relink: () => void;
  setRole: (role: Role) => Promise<unknown>;
  remove: () => Promise<unknown>;
}

/** One user, with what an owner can do. */
export function UserRow({ user, busy, relink, setRole, remove }: UserRowProps) {
  const format = useFormat();
  const [role, choose] = useState<Role | undefined>(undefined);
  const [removing, setRemoving] = useState(false);
  const word = (one: Role): string => t.settings.roles[one];
  return (
    <li className="border-b border-line py-2.5 last:border-0" data-c="user-row" data-user={user.name}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-56">
          <p className="font-medium [overflow-wrap:anywhere]">
            {user.name}
            {user.current && <span className="ml-2 text-[13px] font-normal text-accent">{t.settings.you}</span>}
          </p>
          <p className="text-[13px] text-fg-3">
            {presence(user, format)} · {t.settings.made(format.date(user.created_at))}
          </p>
        </div>
        <Select
          label={t.settings.roleOf(user.name)}
          quiet
          className="w-32"
          value={role ?? user.role}
          options={roles.map((one) => [one, word(one)])}
          choose={(one) => {
            choose(one === user.role ? undefined : one);
            setRemoving(false);
          }}
        />
        <Button busy={busy} aria-label={t.settings.newLinkFor(user.name)} onClick={relink}>
          {t.settings.newLink}
        </Button>
        <Button
          tone="danger"
          busy={busy}
          aria-label={t.settings.removeUser(user.name)}
          onClick={() => {
            setRemoving(true);
            choose(undefined);
          }}
        >
          {t.settings.remove}
        </Button>
      </div>
      {role !== undefined && (
        <Confirm
          sentence={t.settings.roleConfirm(user.name, word(role))}
          does={t.settings.roleDo}
          tone="primary"
          quiet
          busy={busy}
          act={() => void setRole(role).then(() => choose(undefined))}
          keep={() => choose(undefined)}
        />
      )}
      {removing && (
        <Confirm
          sentence={t.settings.removeConfirm(user.name)}
          does={t.settings.removeUser(user.name)}
          busy={busy}
          act={() => void remove().then(() => setRemoving(false))}
          keep={() => setRemoving(false)}
        />
      )}
    </li>
  );
}
