import { request } from "../sync/http";

/** Ends the session and forgets everything this page knows, by loading it anew. */
export function signOut(): void {
  const leave = (): void => location.assign("/sign-in");
  request("/api/v1/session", { method: "DELETE" }).then(leave, leave);
}
