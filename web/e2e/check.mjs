// A run of named checks: each is printed as it ends, the run fails when one failed, and later ones still run.

const longest = 900_000; // ms; what asks a page may never be answered

export class Checks {
  #failed = [];
  #count = 0;

  /** Runs one check. Returns what it returns, or undefined when it failed. */
  async check(name, run) {
    this.#count += 1;
    const begun = performance.now();
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not over after ${longest / 1000} s`)), longest);
    });
    try {
      const result = await Promise.race([run(), late]);
      console.log(`ok    ${name}  (${Math.round(performance.now() - begun)} ms)`);
      return result;
    } catch (error) {
      const why = String(error?.stack ?? error).split("\n").slice(0, 12).join("\n      ");
      this.#failed.push(`${name}\n      ${why}`);
      console.log(`FAIL  ${name}\n      ${why}`);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Prints the summary, which says again why a check failed, since a long run's beginning may be cut off; true when all passed. */
  summary() {
    console.log(`${this.#count - this.#failed.length} of ${this.#count} checks passed`);
    for (const name of this.#failed) console.log(`failed: ${name}`);
    return this.#failed.length === 0;
  }
}

export function expect(holds, message) {
  if (!holds) throw new Error(message);
}

/** Asks until an answer satisfies, once every 250 ms. */
export async function until(what, seconds, ask) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Does something for each of a list, two at a time: a screen mostly waits for its own numbers. */
export async function twoAtATime(list, act) {
  const waiting = [...list];
  const lane = async () => {
    while (waiting.length > 0) await act(waiting.shift());
  };
  await Promise.all([lane(), lane()]);
}
