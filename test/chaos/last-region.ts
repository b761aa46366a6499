import { carryOut, isReason, printedBy } from './commands.ts';
import { failoverTo } from './events.ts';
import { heal, letZombiesEnd } from './heal.ts';
import { runToItsEnd } from './operations.ts';
import { otherRegion, REGIONS } from './scene.ts';
import type { Scene } from './scene.ts';

/** How it stands with the one Region that is left. */
export type LastRegion =
  | { readonly end: 'works' }
  /** It works, but another site was activated above it and will win when it returns. */
  | { readonly end: 'works below' }
  | { readonly end: 'cannot'; readonly code: string };

/** One Region is lost for good, everything in the other one is well: can it be made active? */
export async function lastRegion(scene: Scene): Promise<LastRegion> {
  const left = scene.random.pick(REGIONS);
  heal(scene, otherRegion(left));
  await letZombiesEnd(scene);
  const check = await runToItsEnd(scene, 'check', { wait: '1500' });
  const printed = printedBy(check);
  const command = printed ?? { operation: 'failover', inputs: failoverTo(left, true) };
  const code = await carryOut(scene, command);
  const { role, epoch, unpaused } = scene.airflow(left);
  const works = role === 'active' && unpaused.length > 0;
  if (!works && !isReason(code))
    scene.violate('no-way-on', `only ${left} is left, and ${command.operation} ends with ${code}`);
  if (!works) return { end: 'cannot', code };
  return { end: scene.airflow(otherRegion(left)).epoch > epoch ? 'works below' : 'works' };
}
