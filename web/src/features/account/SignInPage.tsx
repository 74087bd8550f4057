import { useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { t } from "../../ui/words/words";
import { AccountFrame } from "./AccountFrame";
import { openSession, ownAddress } from "./session";

/** Name and password. */
export function SignInPage() {
  const { next } = useSearch({ from: "/sign-in" });
  const [user, setUser] = useState("owner");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    setRefusal("");
    openSession(user.trim(), password).then(
      () => location.assign(ownAddress(next)),
      (cause: unknown) => {
        setBusy(false);
        setRefusal(cause instanceof Error && cause.message !== "" ? cause.message : t.trouble.unreachableFirst);
      },
    );
  };

  return (
    <AccountFrame title={t.account.signInTitle} lead={t.account.signInLead}>
      <form onSubmit={submit} className="flex flex-col gap-4" data-c="sign-in">
        <Field label={t.account.user} value={user} onChange={(event) => setUser(event.target.value)} autoComplete="username" required />
        <Field
          label={t.account.password}
          type="password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          autoComplete="current-password"
          required
        />
        <Button type="submit" tone="primary" busy={busy}>
          {busy ? t.account.working : t.account.signIn}
        </Button>
        <p role="alert" className="min-h-5 text-[13px] text-crit">
          {refusal}
        </p>
        <p className="text-[13px] text-fg-3">{t.account.lost}</p>
      </form>
    </AccountFrame>
  );
}
