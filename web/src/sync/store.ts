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

/** What a command will change in a topic's value, shown before the server has answered. */
export interface Overlay {
  /** The command was done at this log position: the overlay goes once the screen has passed it. */
  settle: (position: number) => void;
  /** The command was refused, or nobody knows what came of it: what the server last said is shown again. */
  drop: () => void;
}

interface Laid {
  apply: (value: never) => unknown;
  until: number;
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
  #laid = new Map<string, readonly Laid[]>();
  /** Entries with their overlays, made once for each pair of both. */
  #covered = new Map<string, { entry: Entry<unknown>; laid: readonly Laid[]; shown: Entry<unknown> }>();
  #arrived = new Map<string, Positioned>();
  #clock: Shown = { position: -1, log: "", held: 0, paused: false };
  #pending: ClockFrame | undefined;
  #cancel: (() => void) | undefined;
  #listeners = new Map<string, Set<() => void>>();
  #clockListeners = new Set<() => void>();

  constructor(later: (run: () => void, ms: number) => () => void = afterMs) {
    this.#later = later;
  }

  /** The shown state of a topic: what the server last said, and what was done since on top of it. */
  get<T>(topic: string): Entry<T> {
    const entry = (this.#shown.get(topic) as Entry<T> | undefined) ?? nothing;
    const laid = this.#laid.get(topic);
    if (!laid || entry.value === undefined) return entry;
    const made = this.#covered.get(topic);
    if (made && made.entry === entry && made.laid === laid) return made.shown as Entry<T>;
    const value = laid.reduce<unknown>((value, { apply }) => apply(value as never), entry.value);
    const shown = { ...entry, value: value as T };
    this.#covered.set(topic, { entry, laid, shown });
    return shown;
  }

  /** Shows at once what a command will change. */
  lay<T>(topic: string, apply: (value: T) => T): Overlay {
    const one: Laid = { apply: apply as Laid["apply"], until: Infinity };
    this.#cover(topic, [...(this.#laid.get(topic) ?? []), one]);
    return {
      settle: (position) => {
        one.until = position;
        this.#uncover(topic);
      },
      drop: () => this.#cover(topic, (this.#laid.get(topic) ?? []).filter((other) => other !== one)),
    };
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
    for (const topic of [...this.#laid.keys()]) this.#uncover(topic);
  }

  /** Takes away the overlays that what is shown has passed. */
  #uncover(topic: string): void {
    const laid = this.#laid.get(topic);
    if (!laid) return;
    const reached = Math.max(this.#shown.get(topic)?.position ?? -1, this.#clock.position);
    const left = laid.filter(({ until }) => until > reached);
    if (left.length < laid.length) this.#cover(topic, left);
  }

  #cover(topic: string, laid: readonly Laid[]): void {
    if (laid.length > 0) this.#laid.set(topic, laid);
    else {
      this.#laid.delete(topic);
      this.#covered.delete(topic);
    }
    this.#tell(this.#listeners.get(topic));
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
