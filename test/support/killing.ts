import type { Region, Sandbox } from '../sandbox/types.ts';
import type { ActionRun } from './action.ts';
import { keys } from './names.ts';

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** The write of the n-th journal object of any move. */
function journalWrite(number: number): RegExp {
  const key = keys.journalEntry('MOVE', number);
  return new RegExp(escaped(key).replace('MOVE', '[^/]+'));
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
    const hold = sandbox
      .gateway(region)
      .hold({ service: 's3', operation: 'PutObject', path: journalWrite(number) }, { after: true });
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
