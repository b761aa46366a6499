import { errorOf } from '../domain/aws-errors.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import type { World } from '../domain/ports.ts';
import { staleAfter } from '../domain/reading.ts';
import { isPassing } from '../domain/reconcile-follow.ts';
import { readHeartbeat } from './heartbeats.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

/** Seconds. MWAA calls 20 to 30 minutes typical for an update. */
const UPDATE_LIMIT_SECONDS = 2_700;
/** Seconds from there to the first beat: its scheduler starts, parses, and its workers come up. */
const BEAT_LIMIT_SECONDS = 600;

/**
 * A target that is being updated, as our own reconcile does with the standby first, is waited for until its canary beats
 * again: only then it is able to do anything. Not for ever: whoever comes next says what it lacks. Throws AwsFault.
 */
export async function awaitQuiet(world: World, deployment: Deployment, to: Side): Promise<void> {
  const { environment } = to.site;
  const status = async () => (await to.ports.environments.describe(environment))?.status ?? '';
  const first = await status();
  if (!isPassing(first)) return;
  world.log.info(`${environment} is ${first}: waiting until that is over, for 45 min at most`);
  const isOver = await within(world, `${environment} to be AVAILABLE`, UPDATE_LIMIT_SECONDS, async () =>
    isPassing(await status()) ? undefined : true,
  );
  if (!isOver) return;
  await within(world, `a beat of ${to.region}`, BEAT_LIMIT_SECONDS, async () => {
    const beat = await readHeartbeat(to, deployment, to.region);
    return beat !== undefined && beat.ageMilliseconds <= staleAfter(deployment) ? true : undefined;
  });
}

/** Whether it came within so many seconds. */
async function within(world: World, what: string, seconds: number, ask: () => Promise<true | undefined>) {
  try {
    return await waitFor(world, what, seconds, ask);
  } catch (error) {
    if (!(error instanceof MdrError) || error.code !== 'MDR-TIMEOUT') throw error;
    return false;
  }
}

/** A target that does not answer is as good as unready, and the error says so with what AWS said. */
export async function asMdr<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof AwsFault ? errorOf(error, 'nothing was touched') : error;
  }
}
