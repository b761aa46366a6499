import { OTHER_OWNER } from '../domain/aws-errors.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';
import { readControl } from './control.ts';
import { probeStored } from './sides.ts';
import type { Side } from './sides.ts';

/** Milliseconds for which a forced move asks again, and between two tries. A dying Region denies and throttles, too. */
const PATIENCE = 60_000;
const PAUSE = 5_000;

/**
 * Promises that what the other site's record says was read, or that its Region does not answer. A record that is denied
 * or throttled may hold the claim of another run: it stops a move. A forced one asks again for a minute, then goes on
 * and says so: the activation looks at both records itself. Answers the last read. Throws `MDR-AWS-DENIED`, `MDR-AWS-THROTTLED`.
 */
export async function requirePeerKnown(
  world: World,
  deployment: Deployment,
  other: Side,
  { override }: Pick<Inputs<'failover'>, 'override'>,
): Promise<Probe<unknown>> {
  const began = world.clock.now();
  for (;;) {
    const read = await probeStored(() => readControl(other, deployment));
    if (!isHidden(read)) return read;
    if (override !== 'force') throw hidden(other, read);
    if (world.clock.now() - began >= PATIENCE || world.stop.aborted) {
      world.log.warning(`forced: the control record of ${other.region} stays unread (${read.detail})`);
      return read;
    }
    await world.clock.sleep(PAUSE, world.stop);
  }
}

type Hidden = { readonly fault: 'denied' | 'throttled'; readonly detail: string };

export const isHidden = (read: Probe<unknown>): read is Hidden =>
  'fault' in read && (read.fault === 'denied' || read.fault === 'throttled');

const hidden = ({ region, bucket }: Side, { fault, detail }: Hidden): MdrError =>
  new MdrError({
    code: fault === 'denied' ? 'MDR-AWS-DENIED' : 'MDR-AWS-THROTTLED',
    message: `the control record in ${bucket} could not be read: ${detail}. Another run may have claimed there`,
    fix:
      fault === 'denied'
        ? `Give this role the right to read \`control/\` in ${bucket}. ${OTHER_OWNER} If ${region} is dying, leave it all the same with \`override: force\`.`
        : `Run again in a minute. If ${region} is dying, leave it all the same with \`override: force\`.`,
    state: 'nothing was touched',
  });
