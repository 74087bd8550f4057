import type { ClockFrame, Positioned } from "../wire/api";
import type { Topic } from "../wire/topics";
import { asProblem } from "../wire/problem";
import { request } from "./http";
import type { ServerTime } from "./servertime";
import type { Store } from "./store";

/** The part of centrifuge's client that we use. */
export interface Socket {
  on(event: "connected" | "connecting" | "disconnected" | "error", listener: (context: unknown) => void): unknown;
  connect(): void;
  disconnect(): void;
  rpc(method: string, data: unknown): Promise<unknown>;
  newSubscription(channel: string, options: object): SocketTopic;
  removeSubscription(topic: SocketTopic): void;
}

export interface SocketTopic {
  on(event: "publication", listener: (context: { data: unknown }) => void): unknown;
  on(event: "subscribed", listener: (context: { wasRecovering: boolean; recovered: boolean }) => void): unknown;
  on(event: "error", listener: (context: { error: { code: number; message: string } }) => void): unknown;
  on(event: "unsubscribed", listener: (context: { code: number }) => void): unknown;
  subscribe(): void;
  unsubscribe(): void;
  removeAllListeners(): unknown;
}

export type Link = "connecting" | "live" | "reconnecting" | "offline" | "stale";

/** How the last reconnect ended: nothing was missed, everything was read again, or another log answered. */
export type Rejoin = "resumed" | "reloaded" | "other-log";

export interface LinkState {
  readonly link: Link;
  /** Milliseconds there and back, undefined before the first measurement. */
  readonly roundTrip: number | undefined;
  /** Our clock, ms, when the server was last heard. */
  readonly heardAt: number;
}

export interface LiveOptions {
  /** The socket, once its code is here: a screen is drawn from what HTTP says before that. */
  open: () => Promise<Socket>;
  store: Store;
  time: ServerTime;
  /** Milliseconds, our clock. */
  now?: () => number;
  online?: () => boolean;
  later?: (run: () => void, ms: number) => () => void;
  onRejoin?: (how: Rejoin) => void;
  /** The socket is refused again and again: perhaps we are signed out. */
  onRefused?: () => void;
}

interface Watched {
  topic: Topic<Positioned>;
  users: number;
  /** Undefined as long as there is no socket. */
  socketTopic: SocketTopic | undefined;
  /** Undefined while a subscribe is under way; then whether the newest value came with it. */
  recovered: boolean | undefined;
  leave: (() => void) | undefined;
  reading: AbortController | undefined;
  /** Failed reads in a row, and how to call off the next try. */
  failures: number;
  retry: (() => void) | undefined;
}

/** Without a frame for this long the connection counts as stale: the server beats every 10 s. */
export const staleAfter = 30_000;
const lingerMs = 60_000;
const retryFirst = 2000;
const retryLast = 30_000;
const roundTripEvery = 20_000;

/** Keeps the store fed: a snapshot over HTTP first, then frames, and after a break whatever was missed. */
export class Live {
  readonly #o: Required<LiveOptions>;
  #socket: Socket | undefined;
  #watched = new Map<string, Watched>();
  #state: LinkState;
  #listeners = new Set<() => void>();
  #connected = false;
  #everConnected = false;
  #stopped = false;
  #rejoining = false;
  #failures = 0;
  #log = "";
  #clock: Watched | undefined;
  #stopBeat: (() => void) | undefined;
  #lastPing = -Infinity;

  constructor(options: LiveOptions) {
    this.#o = {
      now: Date.now,
      online: () => navigator.onLine,
      later: (run, ms) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      onRejoin: () => undefined,
      onRefused: () => undefined,
      ...options,
    };
    this.#state = { link: "connecting", roundTrip: undefined, heardAt: this.#o.now() };
  }

  state = (): LinkState => this.#state;

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Connects. Topics may be watched before and after. */
  start(): void {
    void this.#open();
    this.#beat();
  }

  stop(): void {
    this.#stopped = true;
    this.#stopBeat?.();
    this.#socket?.disconnect();
  }

  /** Keeps a topic in the store up to date until the returned function is called. */
  watch<T extends Positioned>(topic: Topic<T>): () => void {
    let watched = this.#watched.get(topic.name);
    if (watched) {
      watched.leave?.();
      watched.leave = undefined;
    } else {
      watched = this.#join(topic);
      this.#watched.set(topic.name, watched);
      void this.#read(watched);
    }
    watched.users += 1;
    const mine = watched;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      mine.users -= 1;
      if (mine.users > 0) return;
      mine.leave = this.#o.later(() => this.#part(mine), lingerMs);
    };
  }

  /** Reads a topic again, after an error or on request. */
  async refresh(topic: Topic<unknown>): Promise<void> {
    const watched = this.#watched.get(topic.name);
    if (watched) await this.#read(watched);
  }

  /** The network came or went, or the page became visible: look again now. */
  look = (): void => {
    if (!this.#o.online()) this.#set({ link: "offline" });
    else if (!this.#connected) this.#set({ link: this.#failures >= 2 ? "offline" : this.#waitingWord() });
    else if (this.#o.now() - this.#state.heardAt > staleAfter) this.#set({ link: "stale" });
    else this.#set({ link: "live" });
  };

  async #open(): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.#o.open();
    } catch {
      this.#onError(); // its code did not come
      this.#o.later(() => {
        if (!this.#stopped) void this.#open();
      }, retryFirst);
      return;
    }
    if (this.#stopped) return;
    this.#socket = socket;
    socket.on("connected", () => this.#onConnected());
    socket.on("connecting", () => this.#onBroken());
    socket.on("disconnected", () => this.#onEnded());
    socket.on("error", () => this.#onError());
    this.#clock = this.#join({ name: "clock", path: "" });
    for (const watched of this.#watched.values()) this.#subscribe(watched, socket);
    socket.connect();
  }

  #join(topic: Topic<Positioned>): Watched {
    const watched: Watched = {
      topic,
      users: 0,
      socketTopic: undefined,
      recovered: undefined,
      leave: undefined,
      reading: undefined,
      failures: 0,
      retry: undefined,
    };
    if (this.#socket) this.#subscribe(watched, this.#socket);
    return watched;
  }

  #subscribe(watched: Watched, socket: Socket): void {
    // since makes the first subscribe a recovery too, so the newest value comes with the answer
    const socketTopic = socket.newSubscription(watched.topic.name, { delta: "fossil", since: { offset: 0, epoch: "" } });
    watched.socketTopic = socketTopic;
    socketTopic.on("publication", ({ data }) => this.#onFrame(watched.topic, data));
    socketTopic.on("subscribed", ({ recovered }) => {
      watched.recovered = recovered;
      this.#settle();
    });
    socketTopic.on("unsubscribed", () => {
      watched.recovered = false;
      this.#settle();
    });
    socketTopic.on("error", () => {
      watched.recovered = false;
      this.#settle();
    });
    socketTopic.subscribe();
  }

  #part(watched: Watched): void {
    watched.reading?.abort();
    watched.retry?.();
    if (watched.socketTopic) {
      watched.socketTopic.removeAllListeners();
      watched.socketTopic.unsubscribe();
      this.#socket?.removeSubscription(watched.socketTopic);
    }
    this.#watched.delete(watched.topic.name);
    this.#o.store.drop(watched.topic.name);
  }

  /** Reads a topic over HTTP; tells whether its value arrived. A server's trouble is tried again, ever more slowly. */
  async #read(watched: Watched): Promise<boolean> {
    watched.reading?.abort();
    watched.retry?.();
    const reading = new AbortController();
    watched.reading = reading;
    const { name, path } = watched.topic;
    try {
      const { body, receivedAt } = await request<Positioned & { at?: string }>(path, { signal: reading.signal });
      if (reading.signal.aborted) return true; // a newer read took over
      watched.failures = 0;
      if (body.at) this.#o.time.sample(body.at, receivedAt);
      this.#o.store.snapshot(name, body);
      return true;
    } catch (cause) {
      if (reading.signal.aborted) return true;
      const problem = asProblem(cause);
      this.#o.store.fail(name, problem);
      if (problem.status === 0 || problem.status >= 500) {
        const wait = Math.min(retryLast, retryFirst * 2 ** watched.failures);
        watched.failures += 1;
        watched.retry = this.#o.later(() => {
          if (this.#o.store.get(name).problem) void this.#read(watched);
        }, wait);
      }
      return false;
    }
  }

  #onFrame(topic: Topic<Positioned>, data: unknown): void {
    this.#heard();
    if (topic.name !== "clock") {
      this.#o.store.frame(topic.name, data as Positioned);
      return;
    }
    const frame = data as ClockFrame;
    this.#o.time.sample(frame.at, this.#o.now());
    const other = this.#log !== "" && frame.log !== this.#log;
    this.#log = frame.log;
    if (other) {
      this.#rejoining = false;
      this.#o.store.forgetPositions();
      void this.#readAll(() => true).then((all) => {
        if (all) this.#o.onRejoin("other-log");
      });
    }
    this.#o.store.tick(frame);
  }

  #onConnected(): void {
    this.#connected = true;
    this.#failures = 0;
    this.#rejoining = this.#everConnected;
    this.#everConnected = true;
    this.#heard();
    this.#ping();
  }

  #onBroken(): void {
    if (this.#connected) {
      this.#o.time.reset();
      for (const watched of this.#all()) watched.recovered = undefined;
    }
    this.#connected = false;
    this.look();
  }

  /** The server ended the connection for good: we are signed out, or it is wiser to come back later. */
  #onEnded(): void {
    this.#onBroken();
    if (this.#stopped) return;
    this.#o.onRefused();
    this.#o.later(() => {
      if (!this.#stopped) this.#socket?.connect();
    }, retryFirst);
  }

  #onError(): void {
    if (this.#connected) return;
    this.#failures += 1;
    this.look();
    if (this.#failures >= 2 && this.#o.online()) this.#o.onRefused();
  }

  /** After a reconnect, once every topic has answered: were the newest values delivered, or must we read again? */
  #settle(): void {
    if (!this.#rejoining || !this.#connected) return;
    const all = [...this.#all()];
    if (all.some((watched) => watched.recovered === undefined)) return;
    this.#rejoining = false;
    const missed = [...this.#watched.values()].filter((watched) => !watched.recovered);
    const log = this.#log;
    // recovered values are delivered right after this event
    this.#o.later(async () => {
      const all = missed.length === 0 || (await this.#readAll((watched) => missed.includes(watched)));
      if (!all || !this.#connected || this.#log !== log) return; // the screen says what failed, or it is said already
      this.#o.onRejoin(missed.length > 0 ? "reloaded" : "resumed");
    }, 0);
  }

  async #readAll(which: (watched: Watched) => boolean): Promise<boolean> {
    const read = await Promise.all([...this.#watched.values()].filter(which).map((watched) => this.#read(watched)));
    return read.every(Boolean);
  }

  *#all(): Iterable<Watched> {
    if (this.#clock) yield this.#clock;
    yield* this.#watched.values();
  }

  #beat(): void {
    this.#stopBeat = this.#o.later(() => {
      this.look();
      if (this.#connected && this.#o.now() - this.#lastPing >= roundTripEvery) this.#ping();
      this.#beat();
    }, 1000);
  }

  /** Any answer is a round trip, a refusal included. */
  #ping(): void {
    const sent = this.#o.now();
    this.#lastPing = sent;
    const answered = (): void => {
      if (this.#connected) this.#set({ roundTrip: Math.max(0, this.#o.now() - sent) });
    };
    this.#socket?.rpc("ping", null).then(answered, (cause: unknown) => {
      if (isServerAnswer(cause)) answered();
    });
  }

  #heard(): void {
    this.#set({ heardAt: this.#o.now() });
    if (this.#connected) this.look();
  }

  #waitingWord(): Link {
    return this.#everConnected ? "reconnecting" : "connecting";
  }

  #set(change: Partial<LinkState>): void {
    const next = { ...this.#state, ...change };
    const same =
      next.link === this.#state.link && next.roundTrip === this.#state.roundTrip && next.heardAt === this.#state.heardAt;
    if (same) return;
    const quiet = next.link === this.#state.link && next.roundTrip === this.#state.roundTrip;
    this.#state = next;
    if (quiet) return; // a heartbeat alone is no reason to render
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Errors below 100 are made by the client (timeout, closed connection), the others by the server. */
function isServerAnswer(cause: unknown): boolean {
  return typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "number" && cause.code >= 100;
}
