import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { gateReasons, isHopeless, markedBy, NO_MARKS } from '../domain/gate.ts';
import type { GateLook } from '../domain/gate.ts';
import type { World } from '../domain/ports.ts';
import type { PassedGate } from '../domain/reconcile-result.ts';
import { readHeartbeat } from './heartbeats.ts';
import type { HeldLease } from './held-lease.ts';
import { pollLater } from './reconcile-follow.ts';
import { probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

/** Airflow's processes come up minutes after the environment is AVAILABLE; three beats may be missed. */
const limitOf = ({ canary }: Deployment): number => Math.max(1_800, 600 + 3 * canary.everySeconds);

export interface Gated {
  readonly side: Side;
  readonly role: 'active' | 'standby';
  /** Before its change; `undefined` = nobody could say, or there was none. */
  readonly importErrorsBefore: number | undefined;
  /** Whether it has new settings, or is only to prove that it could take over. */
  readonly wasChanged: boolean;
  /** Whether a change, of whichever plan, still has to be proven. */
  readonly isUnproven: boolean;
  /** A site that no change can have broken, to compare with; `undefined` = there is none. */
  readonly yardstick: Side | undefined;
}

/**
 * Waits until a site has proven that it works with its new settings. Throws `MDR-GATE` with all that is missing.
 */
export async function passGate(
  world: World,
  deployment: Deployment,
  lease: HeldLease,
  gated: Gated,
): Promise<PassedGate> {
  const { side, role } = gated;
  const began = world.clock.now();
  let marks = NO_MARKS;
  let reasons: readonly string[] = [];
  const ask = async (): Promise<true | undefined> => {
    await lease.ensure();
    const look = await lookAt(gated, deployment);
    const now = gateReasons(look, { ...gated, marks });
    marks = markedBy(marks, look);
    if (now.join() !== reasons.join()) for (const reason of now) world.log.info(`${side.region}: ${reason}`);
    reasons = now;
    if (isHopeless(look)) throw closed(gated, reasons, world.clock.now() - began);
    return now.length === 0 || undefined;
  };
  try {
    await waitFor(world, `${side.region} to prove itself healthy`, limitOf(deployment), ask, pollLater);
  } catch (error) {
    if (error instanceof MdrError && error.code === 'MDR-TIMEOUT')
      throw closed(gated, reasons, limitOf(deployment) * 1_000);
    throw error;
  }
  world.log.info(`${side.region} is healthy: the scheduler has beaten since then`);
  return { region: side.region, role, seconds: Math.round((world.clock.now() - began) / 1000) };
}

async function lookAt({ side, yardstick }: Gated, deployment: Deployment): Promise<GateLook> {
  const { environment: name } = side.site;
  const [environment, health, beat, importErrors, importErrorsElsewhere] = await Promise.all([
    side.ports.environments.describe(name),
    probe(() => side.ports.airflow.health(name)),
    probeStored(() => readHeartbeat(side, deployment, side.region)),
    countImportErrors(side),
    yardstick === undefined ? undefined : countImportErrors(yardstick),
  ]);
  return { environment, health, beat, importErrors, importErrorsElsewhere };
}

/** `undefined` when Airflow does not say. */
export async function countImportErrors({ site, ports }: Side): Promise<number | undefined> {
  const read = await probe(() => ports.airflow.importErrors(site.environment));
  return 'answer' in read ? read.answer.length : undefined;
}

/** What became of the site by this plan, or by one before it. */
function fateOf({ wasChanged, isUnproven }: Gated): string {
  if (wasChanged) return 'has the new settings';
  return isUnproven ? 'was changed by an earlier plan, and not by this one' : 'was not changed';
}

const closed = (gated: Gated, reasons: readonly string[], milliseconds: number): MdrError => {
  const { side, role, wasChanged } = gated;
  return new MdrError({
    code: 'MDR-GATE',
    message: [
      `${side.region} did not prove itself healthy within ${Math.round(milliseconds / 60_000)} min`,
      ...reasons,
    ].join('\n'),
    fix:
      role === 'standby'
        ? `Look at the log of Airflow in ${side.region}. Once it is well, start this run again: it goes on behind the gate. To take the change back, revert it in a pull request.`
        : `Look at the log of Airflow in ${side.region} now: this is the active site. Once it is well, start this run again. To take the change back, revert it in a pull request; if your DAGs stand still, a failover is open to you.`,
    state:
      role === 'standby'
        ? `${side.region}, the standby, ${fateOf(gated)}; the active site was not touched`
        : wasChanged
          ? 'both sites have the new settings'
          : `${side.region}, the active site, ${fateOf(gated)}`,
  });
};
