import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is there; fails with `what` when it is not after so many seconds. */
export async function eventually<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(250);
  }
}
