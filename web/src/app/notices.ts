/** Short messages about what the app did by itself. The newest three are kept; each goes after six seconds. */
export interface Notice {
  readonly id: number;
  readonly text: string;
}

const lasts = 6000;

export class Notices {
  #list: readonly Notice[] = [];
  #listeners = new Set<() => void>();
  #next = 1;

  list = (): readonly Notice[] => this.#list;

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  say(text: string): void {
    const id = this.#next++;
    this.#set([...this.#list.filter((notice) => notice.text !== text), { id, text }].slice(-3));
    setTimeout(() => this.close(id), lasts);
  }

  close(id: number): void {
    this.#set(this.#list.filter((notice) => notice.id !== id));
  }

  #set(list: readonly Notice[]): void {
    this.#list = list;
    for (const listener of [...this.#listeners]) listener();
  }
}

export const notices = new Notices();
