import { KEPT, MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import type { World } from '../domain/ports.ts';
import { inWords } from '../domain/stored-json.ts';

const everyTwoSeconds = (): number => 2_000;
const SAY_AGAIN = 60_000;

/**
 * Asks until there is an answer. A dark or throttling service is asked again; anything else that is wrong is thrown.
 * Throws `MDR-TIMEOUT` after `limitSeconds`, and `MDR-STOPPED` when the runner is asked to stop. `pollAfter` says how
 * long to sleep, all in milliseconds, after so long a wait.
 */
export async function waitFor<T>(
  world: World,
  what: string,
  limitSeconds: number,
  ask: () => Promise<T | undefined>,
  pollAfter: (waited: number) => number = everyTwoSeconds,
): Promise<T> {
  const began = world.clock.now();
  let said = began;
  let trouble = '';
  for (;;) {
    const answer = await patiently(world, what, ask);
    if (answer.found !== undefined) return answer.found;
    trouble = answer.trouble;
    const now = world.clock.now();
    if (world.stop.aborted) throw stopped(what);
    if (now - began >= limitSeconds * 1000) throw timedOut(what, limitSeconds, trouble);
    if (now - said >= SAY_AGAIN) {
      world.log.info(`still waiting for ${what}, for ${inWords(now - began)}`);
      said = now;
    }
    await world.clock.sleep(pollAfter(now - began), world.stop);
  }
}

/** `trouble`: what kept it from being asked. */
async function patiently<T>(
  world: World,
  what: string,
  ask: () => Promise<T | undefined>,
): Promise<{ readonly found: T | undefined; readonly trouble: string }> {
  try {
    return { found: await ask(), trouble: '' };
  } catch (error) {
    if (!(error instanceof AwsFault) || !['dark', 'throttled'].includes(error.quality)) throw error;
    world.log.warning(`while waiting for ${what}: ${error.message}`);
    const why = error.awsCode === '' ? error.message : error.awsCode;
    return { found: undefined, trouble: `${error.operation} in ${error.region}: ${why}` };
  }
}

const stopped = (what: string): MdrError =>
  new MdrError({
    code: 'MDR-STOPPED',
    message: `the runner was asked to stop while waiting for ${what}`,
    fix: 'Run the same operation again: it goes on where this one stopped.',
    state: KEPT,
  });

const timedOut = (what: string, limitSeconds: number, trouble: string): MdrError =>
  new MdrError({
    code: 'MDR-TIMEOUT',
    message: `waited ${limitSeconds} s for ${what}${trouble === '' ? '' : `, and at last: ${trouble}`}`,
    fix: 'Look why it is slow, then run the same operation again: it goes on where this one stopped.',
    state: KEPT,
  });
