import type { Region, RequestMatch, Sandbox } from '../sandbox/types.ts';
import type { ActionRun } from './action.ts';
import { keys } from './names.ts';

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** The write of the n-th journal object of any move. */
export const journalWrite = (number: number): RequestMatch => ({
  service: 's3',
  operation: 'PutObject',
  path: new RegExp(escaped(keys.journalEntry('MOVE', number)).replace('MOVE', '[^/]+')),
});

/** A request at which a run is killed; with `after` it has taken effect, and only its reply is still on its way. */
export interface Death {
  readonly region: Region;
  readonly match: RequestMatch;
  readonly after?: boolean;
  /** What happens in the world while the run waits for its last reply. */
  readonly meanwhile?: () => Promise<void> | void;
}

/** Runs an operation that is killed (SIGKILL) at this request. Throws when it never came to it. */
export async function killedAt(
  sandbox: Sandbox,
  { region, match, after = false, meanwhile = () => undefined }: Death,
  run: (kill: Promise<unknown>) => Promise<ActionRun>,
): Promise<ActionRun> {
  const hold = sandbox.gateway(region).hold(match, { after });
  let kill = (): void => undefined;
  const ended = run(new Promise<void>((resolve) => (kill = resolve)));
  const last = await Promise.race([hold.arrived.then(() => undefined), ended]);
  if (last !== undefined) {
    hold.release();
    throw new Error(`it ended with ${last.code ?? 'a signal'} before it was killed:\n${last.log}`);
  }
  await meanwhile();
  kill();
  hold.drop();
  return ended;
}

/**
 * Runs an operation and kills it (SIGKILL) when its n-th journal object has just been written and the reply is still on
 * its way; runs it again, kills it at the next one, until a run comes to its end. Answers that run and how often it was
 * killed.
 */
export async function killedAtEachStep(
  sandbox: Sandbox,
  region: Region,
  run: (kill: Promise<unknown>) => Promise<ActionRun>,
): Promise<{ last: ActionRun; kills: number }> {
  for (let number = 1; ; number += 1) {
    const hold = sandbox.gateway(region).hold(journalWrite(number), { after: true });
    let kill = (): void => undefined;
    const ended = run(new Promise<void>((resolve) => (kill = resolve)));
    const held = await Promise.race([hold.arrived.then(() => true), ended.then(() => false)]);
    if (!held) {
      hold.release();
      return { last: await ended, kills: number - 1 };
    }
    kill();
    hold.drop();
    await ended;
  }
}
