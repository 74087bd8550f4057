/** Calls its listeners once a second while the page is visible, and at once when it becomes visible again. */
export class Ticker {
  readonly #document: Pick<Document, "visibilityState" | "addEventListener" | "removeEventListener">;
  #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #beat = 0;

  constructor(page: Pick<Document, "visibilityState" | "addEventListener" | "removeEventListener"> = document) {
    this.#document = page;
  }

  /** Changes with every tick, so that a component can depend on it. */
  beat = (): number => this.#beat;

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.#document.addEventListener("visibilitychange", this.#onVisibility);
      this.#onVisibility();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#document.removeEventListener("visibilitychange", this.#onVisibility);
      this.#stop();
    };
  };

  #onVisibility = (): void => {
    this.#stop();
    if (this.#document.visibilityState !== "visible") return;
    this.#tick();
    this.#timer = setInterval(this.#tick, 1000);
  };

  #tick = (): void => {
    this.#beat += 1;
    for (const listener of [...this.#listeners]) listener();
  };

  #stop(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
