import { Link, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { t } from "../../ui/words/words";
import { AccountFrame } from "./AccountFrame";
import { firstPage, setUp } from "./session";

const shortest = 8;

/** Where the one-time link leads: choose a password. */
export function SetupPage() {
  const { token, user } = useSearch({ from: "/setup" });
  if (!token) {
    return (
      <AccountFrame title={t.account.setupNoTokenTitle} lead={t.account.setupNoToken}>
        <p className="text-[13px] text-fg-3">{t.account.setupNoTokenMend}</p>
        <HavePassword />
      </AccountFrame>
    );
  }
  return (
    <AccountFrame title={t.account.setupTitle} lead={t.account.setupLead}>
      <SetupForm token={token} invited={user} />
    </AccountFrame>
  );
}

/** With a link for somebody in particular the name is theirs; the first owner chooses one. */
function SetupForm({ token, invited }: { token: string; invited: string | undefined }) {
  const [user, setUser] = useState(invited ?? "owner");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");
  const short = [...password].length < shortest;
  const differs = again !== password;

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    setRefusal("");
    if (short || differs || user.trim() === "") return;
    setBusy(true);
    setUp(token, user.trim(), password)
      .then(firstPage)
      .then(
        (page) => location.replace(page), // the used link leaves the history
        (cause: unknown) => {
          setBusy(false);
          setRefusal(cause instanceof Error && cause.message !== "" ? cause.message : t.trouble.unreachableFirst);
        },
      );
  };

  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4" data-c="setup">
      <Field label={t.account.user} value={user} onChange={(event) => setUser(event.target.value)} readOnly={invited !== undefined} autoComplete="username" required />
      <Field
        label={t.account.password}
        type="password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        autoComplete="new-password"
        error={tried && short ? t.account.tooShort : undefined}
        hint={t.account.tooShort}
        required
      />
      <Field
        label={t.account.passwordAgain}
        type="password"
        value={again}
        onChange={(event) => setAgain(event.target.value)}
        autoComplete="new-password"
        error={tried && !short && differs ? t.account.differ : undefined}
        required
      />
      <Button type="submit" tone="primary" busy={busy}>
        {busy ? t.account.working : t.account.setupDo}
      </Button>
      <p role="alert" className="min-h-5 text-[13px] text-crit">
        {refusal}
      </p>
      <HavePassword />
    </form>
  );
}

/** The way on for somebody whose link was used already. */
function HavePassword() {
  return (
    <p className="mt-1 text-[13px] text-fg-3">
      {t.account.setupHave}{" "}
      <Link to="/sign-in" search={{}} className="text-accent underline">
        {t.account.signIn}
      </Link>
    </p>
  );
}
