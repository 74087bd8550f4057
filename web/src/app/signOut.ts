import { call } from "../sync/http";
import { t } from "../ui/words/first";
import { Problem } from "../wire/problem";
import { leave } from "./leave";
import { notices } from "./notices";

/** Ends the session and forgets everything this page knows, by loading it anew. */
export function signOut(): void {
  const strangers = (): void => leave("/sign-in");
  call("delete", "/api/v1/session", {}).then(strangers, (cause: unknown) => {
    if (cause instanceof Problem && cause.status === 401) strangers();
    else notices.say(t.nav.signOutFailed);
  });
}
