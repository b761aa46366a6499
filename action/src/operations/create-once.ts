import { isUnsure } from '../domain/github.ts';
import type { Clock, Log } from '../domain/ports.ts';

/** Milliseconds. GitHub may still be at work on a request that it did not answer. */
const SETTLE = 3_000;
const TRIES = 3;

/**
 * Makes something that must exist once. A create that got no answer may have taken effect, and a refusal may only say
 * that it is there: so it is looked for before it is made, and again after every failure.
 */
export async function createOnce<T>(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  what: string,
  find: () => Promise<T | undefined>,
  create: () => Promise<T>,
): Promise<T> {
  const there = await find();
  if (there !== undefined) return there;
  for (let tries = 1; ; tries += 1) {
    try {
      return await create();
    } catch (error) {
      if (isUnsure(error)) {
        log.warning(`GitHub did not answer whether it made ${what}: looking for it`);
        await clock.sleep(SETTLE);
      }
      const made = await find();
      if (made !== undefined) return made;
      if (!isUnsure(error) || tries === TRIES) throw error;
    }
  }
}
