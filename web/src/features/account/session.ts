import { call, read } from "../../sync/http";
import { t } from "../../ui/words/words";
import { Problem } from "../../wire/problem";

/** Signs in. A wrong name or password is told in our own words, whatever the server says. */
export async function openSession(user: string, password: string): Promise<void> {
  try {
    await call("post", "/api/v1/session", { body: { user, password } });
  } catch (cause) {
    if (cause instanceof Problem && cause.status === 401) throw new Problem(401, t.account.wrong);
    throw cause;
  }
}

/** Uses up a one-time link: sets the password and leaves a signed-in session. */
export async function setUp(token: string, user: string, password: string): Promise<void> {
  await call("post", "/api/v1/setup", { body: { token, user, password } });
  try {
    await read("/api/v1/session", {});
  } catch {
    await openSession(user, password);
  }
}

/** Where a first session begins: the owner of a business that nobody has named is asked about it, all others see the board. */
export async function firstPage(): Promise<string> {
  try {
    const [session, kpis] = await Promise.all([read("/api/v1/session", {}), read("/api/v1/kpis", {})]);
    const { versions } = kpis.workspace;
    return session.role === "owner" && versions.name + versions.zone + versions.currency === 0 ? "/settings" : "/";
  } catch {
    return "/"; // it says what is wrong
  }
}

/** The address to go to after signing in: ours, or the board. */
export function ownAddress(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : "/";
}
