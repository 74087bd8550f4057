import { call } from "../sync/http";
import { t } from "../ui/words/words";
import { Problem } from "../wire/problem";
import { notices } from "./notices";

/** Ends the session and forgets everything this page knows, by loading it anew. */
export function signOut(): void {
  const leave = (): void => location.assign("/sign-in");
  call("delete", "/api/v1/session", {}).then(leave, (cause: unknown) => {
    if (cause instanceof Problem && cause.status === 401) leave();
    else notices.say(t.account.signOutFailed);
  });
}
