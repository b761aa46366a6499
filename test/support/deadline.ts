import { setTimeout as sleep } from 'node:timers/promises';

const SAY_EVERY_MS = 7000;

/** Asks until the answer is there; fails with `what` when it is not after so many seconds. Says now and then what it waits for. */
export async function eventually<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined>,
  log: (line: string) => void = () => undefined,
): Promise<T> {
  const began = Date.now();
  for (let said = began; ;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    const now = Date.now();
    if (now - began > seconds * 1000) throw new Error(`not within ${seconds} s: ${what}`);
    if (now - said > SAY_EVERY_MS) {
      log(`         … waiting until ${what} (${Math.round((now - began) / 1000)} s)`);
      said = now;
    }
    await sleep(250);
  }
}
