import type { Clock } from './clock.ts';

/** Time that stands still until told to go on. */
export class HandClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  #sleepers: { at: number; wake: () => void }[] = [];

  now(): Date {
    return new Date(this.#now);
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
      signal?.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const { wake } of this.#sleepers.filter(({ at }) => at <= this.#now)) wake();
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
  }
}
