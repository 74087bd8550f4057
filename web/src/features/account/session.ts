import { request } from "../../sync/http";
import { t } from "../../ui/words/words";
import type { Kpis, Session } from "../../wire/api";
import { Problem } from "../../wire/problem";

const json = { "Content-Type": "application/json" };

/** Signs in. A wrong name or password is told in our own words, whatever the server says. */
export async function openSession(user: string, password: string): Promise<void> {
  try {
    await request<Session>("/api/v1/session", { method: "POST", headers: json, body: JSON.stringify({ user, password }) });
  } catch (cause) {
    if (cause instanceof Problem && cause.status === 401) throw new Problem(401, t.account.wrong);
    throw cause;
  }
}

/** Uses up a one-time link: sets the password and leaves a signed-in session. */
export async function setUp(token: string, user: string, password: string): Promise<void> {
  await request("/api/v1/setup", { method: "POST", headers: json, body: JSON.stringify({ token, user, password }) });
  try {
    await request<Session>("/api/v1/session");
  } catch {
    await openSession(user, password);
  }
}

/** Where a first session begins: the owner of a business that nobody has named is asked about it, all others see the board. */
export async function firstPage(): Promise<string> {
  try {
    const [session, kpis] = await Promise.all([request<Session>("/api/v1/session"), request<Kpis>("/api/v1/kpis")]);
    const { versions } = kpis.body.workspace;
    return session.body.role === "owner" && versions.name + versions.zone + versions.currency === 0 ? "/settings" : "/";
  } catch {
    return "/"; // it says what is wrong
  }
}

/** The address to go to after signing in: ours, or the board. */
export function ownAddress(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : "/";
}
