import type { ClockFrame, Positioned } from "../wire/api";
import type { Problem } from "../wire/problem";

/** What is shown of one topic. The object is replaced when anything in it changes. */
export interface Entry<T> {
  readonly value: T | undefined;
  /** Log position of the value, -1 before the first. */
  readonly position: number;
  /** Why the last read failed; the last good value stays beside it. */
  readonly problem: Problem | undefined;
}

/** The place in the log that the whole screen shows. */
export interface Shown {
  readonly position: number;
  readonly log: string;
  /** Updates that wait while the board is paused. */
  readonly held: number;
  readonly paused: boolean;
}

const nothing: Entry<never> = { value: undefined, position: -1, problem: undefined };

/** Without a clock frame an update is shown after this long. */
export const paintWithin = 300;

/**
 * What the server last said, by topic. Values that arrive are held back until the clock frame that ends their tick, then
 * shown together, so all values on a screen come from one position.
 */
export class Store {
  readonly #later: (run: () => void, ms: number) => () => void;
  #shown = new Map<string, Entry<unknown>>();
  #arrived = new Map<string, Positioned>();
  #clock: Shown = { position: -1, log: "", held: 0, paused: false };
  #pending: ClockFrame | undefined;
  #cancel: (() => void) | undefined;
  #listeners = new Map<string, Set<() => void>>();
  #clockListeners = new Set<() => void>();

  constructor(later: (run: () => void, ms: number) => () => void = afterMs) {
    this.#later = later;
  }

  /** The shown state of a topic. */
  get<T>(topic: string): Entry<T> {
    return (this.#shown.get(topic) as Entry<T> | undefined) ?? nothing;
  }

  /** The position the screen shows. */
  clock = (): Shown => this.#clock;

  /** A value read over HTTP: shown at once when there is none yet, else with the next tick. */
  snapshot(topic: string, value: Positioned): void {
    const entry = this.get(topic);
    if (entry.value !== undefined) {
      if (entry.problem) this.#set(topic, { ...entry, problem: undefined });
      this.frame(topic, value);
      return;
    }
    const arrived = this.#arrived.get(topic);
    this.#arrived.delete(topic);
    const newest = arrived && arrived.position > value.position ? arrived : value;
    this.#set(topic, { value: newest, position: newest.position, problem: undefined });
  }

  /** A value that came over the socket: shown when its tick ends. */
  frame(topic: string, value: Positioned): void {
    const known = this.#arrived.get(topic)?.position ?? this.get(topic).position;
    if (value.position < known) return; // a replayed or overtaken frame
    this.#arrived.set(topic, value);
    if (this.#clock.paused) {
      this.#setClock({ ...this.#clock, held: this.#clock.held + 1 });
      return;
    }
    this.#cancel ??= this.#later(() => this.#paint(), paintWithin);
  }

  /** The end of a tick: everything that arrived is shown. */
  tick(frame: ClockFrame): void {
    this.#pending = frame;
    if (!this.#clock.paused) this.#paint();
  }

  /** A failed read. The last good value stays. */
  fail(topic: string, problem: Problem): void {
    this.#set(topic, { ...this.get(topic), problem });
  }

  /** Freezes what is shown; what arrives meanwhile waits. */
  pause(): void {
    this.#setClock({ ...this.#clock, paused: true, held: 0 });
  }

  resume(): void {
    this.#setClock({ ...this.#clock, paused: false, held: 0 });
    this.#paint();
  }

  /** Another log answers now: its positions say nothing about ours. Shown values stay until the new ones come. */
  forgetPositions(): void {
    this.#arrived.clear();
    this.#pending = undefined;
    for (const [topic, entry] of this.#shown) this.#shown.set(topic, { ...entry, position: -1 });
    this.#setClock({ ...this.#clock, position: -1, log: "" });
  }

  /** Drops a topic nobody looks at. */
  drop(topic: string): void {
    this.#arrived.delete(topic);
    this.#shown.delete(topic);
  }

  listen(topic: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(topic);
    };
  }

  listenClock = (listener: () => void): (() => void) => {
    this.#clockListeners.add(listener);
    return () => this.#clockListeners.delete(listener);
  };

  #paint(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#clock.paused) return;
    const painted = [...this.#arrived];
    this.#arrived.clear();
    for (const [topic, value] of painted) {
      this.#shown.set(topic, { value, position: value.position, problem: undefined });
    }
    const frame = this.#pending;
    this.#pending = undefined;
    for (const [topic] of painted) this.#tell(this.#listeners.get(topic));
    if (frame) this.#setClock({ ...this.#clock, position: frame.position, log: frame.log });
  }

  #set(topic: string, entry: Entry<unknown>): void {
    this.#shown.set(topic, entry);
    this.#tell(this.#listeners.get(topic));
  }

  #setClock(clock: Shown): void {
    this.#clock = clock;
    this.#tell(this.#clockListeners);
  }

  #tell(listeners: Set<() => void> | undefined): void {
    if (listeners) for (const listener of [...listeners]) listener();
  }
}

function afterMs(run: () => void, ms: number): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}
