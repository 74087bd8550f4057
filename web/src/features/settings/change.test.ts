import { act, renderHook } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { t } from "../../ui/words/words";
import { useChange } from "./change";

afterEach(() => vi.unstubAllGlobals());

function answering(answer: () => Promise<Response>) {
  const sent: { path: string; init: RequestInit }[] = [];
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    sent.push({ path, init });
    return answer();
  });
  return { sent, hook: renderHook(() => useChange()).result };
}

describe("useChange", () => {
  it("sends a body as JSON and gives what was answered", async () => {
    const { sent, hook } = answering(async () => Response.json({ user: "ben", link: "/setup?token=x", ends_at: "" }));
    let answer: unknown;
    await act(async () => void (answer = await hook.current.run("post", "/api/v1/users", { body: { name: "ben", role: "viewer" } })));
    expect(sent[0]).toMatchObject({ path: "/api/v1/users", init: { method: "POST", body: '{"name":"ben","role":"viewer"}' } });
    expect(answer).toMatchObject({ body: { link: "/setup?token=x" } });
    expect(hook.current.state.kind).toBe("shown");
  });

  it("takes an answer without a body", async () => {
    const { sent, hook } = answering(async () => new Response(null, { status: 204 }));
    let answer: unknown;
    await act(async () => void (answer = await hook.current.run("delete", "/api/v1/users/{user}", { path: { user: "ben" } })));
    expect(sent[0]?.init.body).toBeUndefined();
    expect(answer).toBeDefined();
  });

  it("shows the rule's sentence, and without an answer says that the list knows", async () => {
    const refused = answering(async () => Response.json({ detail: "This is the last owner." }, { status: 409 }));
    await act(async () => expect(await refused.hook.current.run("delete", "/api/v1/users/{user}", { path: { user: "ana" } })).toBeUndefined());
    expect(refused.hook.current.state).toMatchObject({ kind: "refused", problem: { message: "This is the last owner." } });
    const lost = answering(() => Promise.reject(new TypeError("network")));
    await act(async () => expect(await lost.hook.current.run("post", "/api/v1/keys", { body: { name: "till", role: "viewer", days: 30 } })).toBeUndefined());
    expect(lost.hook.current.state).toMatchObject({ kind: "refused", problem: { message: t.settings.unknown } });
  });
});
