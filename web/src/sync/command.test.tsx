import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { useCommand } from "./command";
import { SyncContext, type Sync } from "./context";
import { Store } from "./store";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function setUp(answers: (() => Response | Promise<Response>)[]) {
  const sent: { path: string; key: string; log: string | null; body: unknown }[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    sent.push({ path, key: headers.get("Idempotency-Key") ?? "", log: headers.get("X-Log-ID"), body: JSON.parse(String(init.body)) });
    const answer = answers.shift();
    if (!answer) throw new Error("no answer left");
    return answer();
  });
  const store = new Store();
  const sync = { store } as unknown as Sync;
  const wrapper = ({ children }: { children: ReactNode }) => <SyncContext value={sync}>{children}</SyncContext>;
  const { result } = renderHook(() => useCommand("receive-stock"), { wrapper });
  const run = (quantity = 5) => act(async () => void (await result.current.run({ sku: "A", quantity, reason: "" })));
  return { store, sent, result, run };
}

const done = (position: number) => () => Response.json({ position, version: 1, result: {} });
const problem = (status: number, detail: string) => () => Response.json({ status, detail }, { status });
const lost = () => Promise.reject(new TypeError("network"));

afterEach(() => vi.unstubAllGlobals());

describe("useCommand", () => {
  it("sends a uuid v7 and counts as shown only when the screen has passed its position", async () => {
    const { store, sent, result, run } = setUp([done(13)]);
    await run();
    expect(sent[0]).toMatchObject({ path: "/api/v1/commands/receive-stock", body: { sku: "A", quantity: 5, reason: "" } });
    expect(sent[0]?.key).toMatch(uuid);
    expect(result.current.state.kind).toBe("accepted");
    act(() => store.tick({ position: 12, at: "", log: "a" }));
    expect(result.current.state.kind).toBe("accepted");
    act(() => store.tick({ position: 13, at: "", log: "a" }));
    expect(result.current.state.kind).toBe("shown");
  });

  it("shows what it will change before the answer and takes it back when it is refused", async () => {
    let answer = (_: Response): void => undefined;
    const { store, result } = setUp([() => new Promise<Response>((resolve) => (answer = resolve))]);
    store.snapshot("stock/A", { position: 1, on_hand: 40 } as never);
    const shown = () => store.get<{ on_hand: number }>("stock/A").value?.on_hand;
    let ran: Promise<boolean> | undefined;
    act(() => {
      ran = result.current.run({ sku: "A", quantity: 5 }, { topic: { name: "stock/A", path: "" }, apply: (value: { on_hand: number }) => ({ on_hand: value.on_hand + 5 }) });
    });
    expect(shown()).toBe(45);
    answer(Response.json({ status: 409, detail: "Too many." }, { status: 409 }));
    await act(async () => void (await ran));
    expect(shown()).toBe(40);
    expect(result.current.state).toMatchObject({ kind: "refused", problem: { message: "Too many." } });
  });

  it("shows a refusal's sentence and uses a new key afterwards", async () => {
    const { sent, result, run } = setUp([problem(409, "Only 12 are left."), done(1)]);
    await run();
    expect(result.current.state).toMatchObject({ kind: "refused", problem: { message: "Only 12 are left." } });
    await run();
    expect(sent[1]?.key).not.toBe(sent[0]?.key);
  });

  it("sends the same key again when nobody knows whether the first one arrived", async () => {
    const { sent, result, run } = setUp([lost, problem(503, "Starting."), done(1)]);
    await run();
    expect(result.current.state.kind).toBe("unsure");
    await run();
    await run();
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
    expect(result.current.state.kind).toBe("accepted");
  });

  it("names the log that the screen showed at the first try", async () => {
    const { store, sent, run } = setUp([lost, done(1), done(2)]);
    act(() => store.tick({ position: 3, at: "", log: "demo" }));
    await run();
    act(() => store.tick({ position: 0, at: "", log: "ours" })); // the demo was removed in between
    await run();
    await run();
    expect(sent.map(({ log }) => log)).toEqual(["demo", "demo", "ours"]);
  });

  it("never reuses a key for another body", async () => {
    const { sent, run } = setUp([lost, done(1)]);
    await run(5);
    await run(6);
    expect(sent[1]?.key).not.toBe(sent[0]?.key);
  });

  it("uses a new key for the same command after it was done: receiving five twice is ten", async () => {
    const { sent, run } = setUp([done(1), done(2)]);
    await run();
    await run();
    expect(sent[1]?.key).not.toBe(sent[0]?.key);
  });
});
