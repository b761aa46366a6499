import type { Clock } from '../../action/src/domain/ports.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that passes only when everybody is asleep: then the clock jumps to the next one who wants to wake up, and on its
 * way lets happen what is due. Deterministic as long as nothing but this clock waits for real time.
 */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #jumping = false;
  #woken = false;
  readonly #sleepers: Due[] = [];
  readonly #events: Due[] = [];

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = this.#due(milliseconds, resolve);
      signal?.addEventListener('abort', () => {
        const index = this.#sleepers.indexOf(sleeper);
        if (index >= 0) this.#sleepers.splice(index, 1);
        this.#woken = true;
        resolve();
      });
      insert(this.#sleepers, sleeper);
      this.#jumpSoon();
    });
  }

  /** Something that happens in the world, whether anybody waits for it or not. */
  after(milliseconds: number, run: () => void): void {
    insert(this.#events, this.#due(milliseconds, run));
  }

  /** Again and again, `phase` after now for the first time. */
  every(milliseconds: number, phase: number, run: () => void): void {
    this.after(phase, () => {
      run();
      this.every(milliseconds, milliseconds, run);
    });
  }

  #due(milliseconds: number, run: () => void): Due {
    this.#order += 1;
    return { at: this.#now + Math.max(0, milliseconds), order: this.#order, run };
  }

  #jumpSoon(): void {
    if (this.#jumping) return;
    this.#jumping = true;
    setImmediate(() => {
      this.#jumping = false;
      this.#jump();
    });
  }

  #jump(): void {
    this.#woken = false;
    const until = () => this.#sleepers[0]?.at ?? -Infinity;
    for (let event = this.#events[0]; event !== undefined && event.at <= until(); event = this.#events[0]) {
      this.#events.shift();
      this.#now = event.at;
      event.run();
      // Who was woken by this goes on before time does.
      if (this.#isWoken()) break;
    }
    const sleeper = this.#isWoken() ? undefined : this.#sleepers.shift();
    if (sleeper !== undefined) {
      this.#now = sleeper.at;
      sleeper.run();
    }
    if (this.#sleepers.length > 0) this.#jumpSoon();
  }

  #isWoken(): boolean {
    return this.#woken;
  }
}

function insert(list: Due[], due: Due): void {
  const index = list.findIndex((other) => other.at > due.at);
  list.splice(index < 0 ? list.length : index, 0, due);
}
