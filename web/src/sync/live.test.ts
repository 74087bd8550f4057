import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Topic } from "../wire/topics";
import { Live, staleAfter, type Rejoin, type Socket, type SocketTopic } from "./live";
import { ServerTime } from "./servertime";
import { Store } from "./store";

type Listener = (context: never) => void;

class Emitter {
  #listeners = new Map<string, Listener[]>();
  on(event: string, listener: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }
  removeAllListeners(): void {
    this.#listeners.clear();
  }
  emit(event: string, context: unknown = {}): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(context as never);
  }
}

class FakeTopic extends Emitter {
  readonly options: object;
  subscribed = false;
  constructor(options: object) {
    super();
    this.options = options;
  }
  subscribe(): void {
    this.subscribed = true;
  }
  unsubscribe(): void {
    this.subscribed = false;
  }
}

class FakeSocket extends Emitter {
  topics = new Map<string, FakeTopic>();
  pings: { resolve: (value: unknown) => void; reject: (cause: unknown) => void }[] = [];
  connects = 0;
  connect(): void {
    this.connects += 1;
  }
  disconnect(): void {}
  rpc(): Promise<unknown> {
    return new Promise((resolve, reject) => this.pings.push({ resolve, reject }));
  }
  newSubscription(name: string, options: object): SocketTopic {
    const topic = new FakeTopic(options);
    this.topics.set(name, topic);
    return topic as unknown as SocketTopic;
  }
  removeSubscription(): void {}

  /** Every topic answers its subscribe. */
  joined(recovered: (name: string) => boolean = () => true): void {
    for (const [name, topic] of this.topics) topic.emit("subscribed", { wasRecovering: true, recovered: recovered(name) });
  }
  frame(name: string, data: unknown): void {
    this.topics.get(name)?.emit("publication", { data });
  }
  break(): void {
    this.emit("connecting", { code: 1 });
  }
}

const kpis: Topic<{ position: number }> = { name: "kpis", path: "/api/v1/kpis" };
const stock: Topic<{ position: number }> = { name: "stock/critical", path: "/api/v1/stock?critical=true&limit=5" };

function setUp(answers: Record<string, () => unknown> = {}, open?: () => Promise<Socket>) {
  const socket = new FakeSocket();
  const store = new Store();
  const state = { now: 1_000_000, online: true };
  const rejoins: Rejoin[] = [];
  const refused = vi.fn();
  const asked: string[] = [];
  vi.stubGlobal("fetch", (path: string) => {
    asked.push(path);
    const answer = answers[path]?.() ?? { position: 1 };
    return Promise.resolve(answer instanceof Response ? answer : Response.json(answer));
  });
  const live = new Live({
    open: open ?? (() => Promise.resolve(socket as unknown as Socket)),
    store,
    time: new ServerTime(() => state.now),
    now: () => state.now,
    online: () => state.online,
    onRejoin: (how) => rejoins.push(how),
    onRefused: refused,
  });
  return { socket, store, live, state, rejoins, refused, asked };
}

const tick = (position: number, log = "a") => ({ position, at: "2026-11-24T10:00:00.000Z", log });
const settle = () => vi.advanceTimersByTimeAsync(1);
const opened = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("Live", () => {
  it("shows what HTTP says while the socket's code is on its way, and subscribes once it is there", async () => {
    let arrive: (socket: Socket) => void = () => undefined;
    const { socket, store, live } = setUp({ "/api/v1/kpis": () => ({ position: 4 }) }, () => new Promise((resolve) => (arrive = resolve)));
    live.start();
    live.watch(kpis);
    await settle();
    expect(store.get("kpis").value).toEqual({ position: 4 });
    expect(live.state().link).toBe("connecting");
    live.watch(stock)(); // nobody looks at it before there is a socket
    await vi.advanceTimersByTimeAsync(61_000);
    arrive(socket as unknown as Socket);
    await opened();
    expect([...socket.topics.keys()]).toEqual(["clock", "kpis"]);
    expect(socket.connects).toBe(1);
  });

  it("asks for the socket's code again when it does not come", async () => {
    const tries: ((socket: Socket | undefined) => void)[] = [];
    const { socket, live } = setUp({}, () => new Promise((resolve, reject) => tries.push((one) => (one ? resolve(one) : reject(new Error("gone"))))));
    live.start();
    tries[0]?.(undefined);
    await vi.advanceTimersByTimeAsync(2000);
    tries[1]?.(undefined);
    await opened();
    expect(live.state().link).toBe("offline");
    await vi.advanceTimersByTimeAsync(2000);
    tries[2]?.(socket as unknown as Socket);
    await opened();
    socket.emit("connected");
    expect(live.state().link).toBe("live");
  });

  it("reads a snapshot first, subscribes with recovery and deltas, and paints at the clock frame", async () => {
    const { socket, store, live, asked } = setUp({ "/api/v1/kpis": () => ({ position: 4 }) });
    live.start();
    await opened();
    live.watch(kpis);
    await settle();
    expect(asked).toEqual(["/api/v1/kpis"]);
    expect(store.get("kpis").position).toBe(4);
    expect(socket.topics.get("kpis")?.options).toEqual({ delta: "fossil", since: { offset: 0, epoch: "" } });
    socket.emit("connected");
    socket.frame("kpis", { position: 6 });
    expect(store.get("kpis").position).toBe(4);
    socket.frame("clock", tick(6));
    expect(store.get("kpis").position).toBe(6);
  });

  it("asks nothing over HTTP while frames come", async () => {
    const { socket, live, asked } = setUp();
    live.start();
    await opened();
    live.watch(kpis);
    socket.emit("connected");
    socket.joined();
    await settle();
    for (let position = 2; position < 200; position++) {
      socket.frame("kpis", { position });
      socket.frame("clock", tick(position));
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(asked).toEqual(["/api/v1/kpis"]);
  });

  it("shares one subscription and keeps it for a minute after the last user left", async () => {
    const { socket, live, store } = setUp();
    live.start();
    await opened();
    const one = live.watch(kpis);
    const two = live.watch(kpis);
    await settle();
    one();
    one();
    two();
    const first = socket.topics.get("kpis");
    await vi.advanceTimersByTimeAsync(59_000);
    live.watch(kpis);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.topics.get("kpis")).toBe(first);
    expect(first?.subscribed).toBe(true);
    expect(store.get("kpis").position).toBe(1);
  });

  it("lets a topic go after the minute", async () => {
    const { socket, live, store } = setUp();
    live.start();
    await opened();
    live.watch(kpis)();
    await vi.advanceTimersByTimeAsync(60_001);
    expect(socket.topics.get("kpis")?.subscribed).toBe(false);
    expect(store.get("kpis").position).toBe(-1);
  });

  it("says that nothing was missed when every topic recovered", async () => {
    const { socket, live, rejoins, asked } = setUp();
    live.start();
    await opened();
    live.watch(kpis);
    socket.emit("connected");
    socket.joined();
    await settle();
    expect(rejoins).toEqual([]);
    socket.break();
    expect(live.state().link).toBe("reconnecting");
    socket.emit("connected");
    socket.joined();
    await settle();
    expect(live.state().link).toBe("live");
    expect(rejoins).toEqual(["resumed"]);
    expect(asked).toEqual(["/api/v1/kpis"]);
  });

  it("reads again exactly what was not recovered, and says so", async () => {
    let position = 1;
    const { socket, live, store, rejoins, asked } = setUp({ "/api/v1/kpis": () => ({ position }) });
    live.start();
    await opened();
    live.watch(kpis);
    live.watch(stock);
    socket.emit("connected");
    socket.joined();
    await settle();
    asked.length = 0;
    position = 30;
    socket.break();
    socket.emit("connected");
    socket.joined((name) => name !== "kpis");
    await vi.advanceTimersByTimeAsync(400);
    expect(asked).toEqual(["/api/v1/kpis"]);
    expect(store.get("kpis").position).toBe(30);
    expect(rejoins).toEqual(["reloaded"]);
  });

  it("waits for the last topic before it says anything", async () => {
    const { socket, live, rejoins } = setUp();
    live.start();
    await opened();
    live.watch(kpis);
    socket.emit("connected");
    socket.joined();
    await settle();
    socket.break();
    socket.emit("connected");
    socket.topics.get("clock")?.emit("subscribed", { wasRecovering: true, recovered: true });
    await settle();
    expect(rejoins).toEqual([]);
    socket.topics.get("kpis")?.emit("subscribed", { wasRecovering: true, recovered: true });
    await settle();
    expect(rejoins).toEqual(["resumed"]);
  });

  it("reloads everything when another log answers, even at lower positions", async () => {
    let position = 900;
    const { socket, live, store, rejoins } = setUp({ "/api/v1/kpis": () => ({ position }) });
    live.start();
    await opened();
    live.watch(kpis);
    socket.emit("connected");
    socket.joined();
    socket.frame("clock", tick(900, "a"));
    await settle();
    position = 5;
    socket.break();
    socket.emit("connected");
    socket.joined();
    socket.frame("clock", tick(5, "b"));
    await vi.advanceTimersByTimeAsync(400);
    expect(store.get("kpis").position).toBe(5);
    expect(store.clock()).toMatchObject({ log: "b", position: 5 });
    expect(rejoins).toEqual(["other-log"]);
  });

  it("goes offline when the browser is, or after two failed attempts, and asks whether we are signed out", async () => {
    const { socket, live, state, refused } = setUp();
    live.start();
    await opened();
    socket.emit("connected");
    socket.break();
    socket.emit("error", {});
    expect(live.state().link).toBe("reconnecting");
    socket.emit("error", {});
    expect(live.state().link).toBe("offline");
    expect(refused).toHaveBeenCalledTimes(1);
    socket.emit("connected");
    expect(live.state().link).toBe("live");
    state.online = false;
    live.look();
    expect(live.state().link).toBe("offline");
  });

  it("calls a silent connection stale after 30 s, and live again with the next frame", async () => {
    const { socket, live, state } = setUp();
    live.start();
    await opened();
    socket.emit("connected");
    socket.frame("clock", tick(1));
    state.now += staleAfter + 1000;
    await vi.advanceTimersByTimeAsync(1000);
    expect(live.state().link).toBe("stale");
    socket.frame("clock", tick(2));
    expect(live.state().link).toBe("live");
  });

  it("measures the round trip with any answer, a refusal included, but not with a timeout", async () => {
    const { socket, live, state } = setUp();
    live.start();
    await opened();
    socket.emit("connected");
    state.now += 12;
    socket.pings[0]?.reject({ code: 108, message: "not available" });
    await settle();
    expect(live.state().roundTrip).toBe(12);
    state.now += 20_000;
    await vi.advanceTimersByTimeAsync(1000);
    state.now += 5000;
    socket.pings[1]?.reject({ code: 1, message: "timeout" });
    await settle();
    expect(live.state().roundTrip).toBe(12);
  });

  it("keeps the last value when a read fails and reads again on request", async () => {
    let broken = false;
    const { store, live } = setUp({
      "/api/v1/kpis": () => (broken ? Response.json({ status: 503, detail: "Starting." }, { status: 503 }) : { position: 7 }),
    });
    live.start();
    await opened();
    live.watch(kpis);
    await settle();
    broken = true;
    await live.refresh(kpis);
    expect(store.get("kpis")).toMatchObject({ position: 7, problem: { status: 503, message: "Starting." } });
    broken = false;
    await live.refresh(kpis);
    expect(store.get("kpis").problem).toBeUndefined();
  });

  it("tries a server in trouble again by itself, ever more slowly, until it answers", async () => {
    let broken = true;
    const { store, live, asked } = setUp({
      "/api/v1/kpis": () => (broken ? Response.json({ status: 503, detail: "Starting." }, { status: 503 }) : { position: 7 }),
    });
    live.start();
    await opened();
    live.watch(kpis);
    await settle();
    await vi.advanceTimersByTimeAsync(2000);
    await vi.advanceTimersByTimeAsync(3990);
    expect(asked).toHaveLength(2);
    broken = false;
    await vi.advanceTimersByTimeAsync(20);
    expect(asked).toHaveLength(3);
    expect(store.get("kpis")).toMatchObject({ position: 7, problem: undefined });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(3);
  });

  it("does not ask again for what does not exist", async () => {
    const { live, asked } = setUp({ "/api/v1/kpis": () => Response.json({ status: 404, detail: "No." }, { status: 404 }) });
    live.start();
    await opened();
    live.watch(kpis);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
  });

  it("does not say that it reloaded when a read failed", async () => {
    let broken = false;
    const { socket, live, rejoins } = setUp({
      "/api/v1/kpis": () => (broken ? Response.json({ status: 503, detail: "Starting." }, { status: 503 }) : { position: 7 }),
    });
    live.start();
    await opened();
    live.watch(kpis);
    socket.emit("connected");
    socket.joined();
    await settle();
    broken = true;
    socket.break();
    socket.emit("connected");
    socket.joined(() => false);
    await settle();
    expect(rejoins).toEqual([]);
  });

  it("asks who we are when the server ends the connection for good, and comes back when it may", async () => {
    const { socket, live, refused } = setUp();
    live.start();
    await opened();
    socket.emit("connected");
    socket.emit("disconnected", { code: 3503 });
    expect(live.state().link).toBe("reconnecting");
    expect(refused).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2001);
    expect(socket.connects).toBe(2);
    live.stop();
    socket.emit("disconnected", { code: 0 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(socket.connects).toBe(2);
  });
});
