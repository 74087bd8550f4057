/**
 * The server's clock, estimated from stamped messages. A message can only arrive late, so the largest difference of the
 * recent ones is the nearest to the truth; a cached frame that is ten seconds old does no harm.
 */
export class ServerTime {
  readonly #now: () => number;
  readonly #window: number;
  #samples: number[] = [];
  #offset = 0;

  constructor(now: () => number = Date.now, window = 20) {
    this.#now = now;
    this.#window = window;
  }

  /** Takes in a server stamp (RFC 3339) and when it arrived (our clock, ms). */
  sample(at: string, receivedAt = this.#now()): void {
    const stamp = Date.parse(at);
    if (Number.isNaN(stamp)) return;
    this.#samples.push(stamp - receivedAt);
    if (this.#samples.length > this.#window) this.#samples.shift();
    this.#offset = Math.max(...this.#samples);
  }

  /** Forgets what was measured: the laptop slept, or another server answers now. */
  reset(): void {
    this.#samples = [];
  }

  /** Milliseconds since 1970 on the server's clock. */
  now(): number {
    return this.#now() + this.#offset;
  }

  /** Seconds since a server stamp, never negative. */
  secondsSince(at: string): number {
    return Math.max(0, (this.now() - Date.parse(at)) / 1000);
  }
}
