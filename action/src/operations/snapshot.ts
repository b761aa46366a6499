import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import type { Inputs } from '../domain/inputs.ts';
import { DAG_IDS } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { SnapshotResult, VerifyResult } from '../domain/results.ts';
import { runDrDag } from './dr-run.ts';
import { sideOf } from './sides.ts';
import { requireStanding } from './standing.ts';
import type { Side } from './sides.ts';
import { hasArrived, requireNewest } from './snapshots.ts';
import { requireProtective } from './verify.ts';
import { waitFor } from './wait.ts';

const LIMIT_SECONDS = 3_600;

/** Promises a verified snapshot that is younger than half the RPO, and takes one if there is none. */
export async function snapshot(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'snapshot'>,
): Promise<SnapshotResult> {
  const { record, roles, nobodyActive } = await requireStanding(world, deployment);
  const standby = sideOf(world, deployment, roles.standby);
  const fresh = inputs.force ? undefined : await freshAndVerified(world, deployment, standby, record);
  if (fresh !== undefined) return resultOf(deployment, 'fresh', fresh);
  const active = sideOf(world, deployment, roles.active);
  if (nobodyActive) throw nothingToTake(active);
  const id = await take(world, deployment, active);
  await world.log.group('Wait for its copy at the standby', () =>
    waitFor(world, `${id} at ${standby.region}`, LIMIT_SECONDS, async () =>
      (await hasArrived(standby, deployment, id)) ? true : undefined,
    ),
  );
  const { result } = await requireProtective(world, standby, deployment, id, record.activated);
  return resultOf(deployment, 'taken', result);
}

const resultOf = (deployment: Deployment, outcome: 'taken' | 'fresh', verified: VerifyResult): SnapshotResult => ({
  operation: 'snapshot',
  deployment: deployment.deployment,
  outcome,
  verified,
  rpo: { objectiveSeconds: deployment.objectives.rpoSeconds, measuredSeconds: verified.snapshot.ageSeconds },
});

/** A snapshot that is too old or does not verify is a reason to take another one, not to fail. */
async function freshAndVerified(
  world: World,
  deployment: Deployment,
  standby: Side,
  { activated }: ControlRecord,
): Promise<VerifyResult | undefined> {
  try {
    const id = await requireNewest(world, standby, deployment, activated);
    const { result } = await requireProtective(world, standby, deployment, id, activated);
    return result.snapshot.ageSeconds <= deployment.objectives.rpoSeconds / 2 ? result : undefined;
  } catch (error) {
    if (!(error instanceof MdrError) || !error.code.startsWith('MDR-SNAPSHOT-')) throw error;
    world.log.warning(error.message);
    return undefined;
  }
}

/** A standby's state is not the deployment's: its snapshot would be that of a side that was left. */
const nothingToTake = ({ region }: Side): MdrError =>
  new MdrError({
    code: 'MDR-SNAPSHOT-FAILED',
    message: `nobody is active: ${region} itself says that it is a standby, so there is nothing to take a snapshot of`,
    fix: 'Run `check`: it says the one command that makes a site active again.',
    state: 'older snapshots are untouched',
  });

/** Id of the snapshot that the active site takes for us. Throws `MDR-SNAPSHOT-FAILED`. */
async function take(world: World, deployment: Deployment, active: Side): Promise<string> {
  const runId = `snapshot-${world.random.hex(4)}`;
  const result = await world.log.group(`Take a snapshot in ${active.region}`, () =>
    runDrDag(world, active, deployment, {
      dagId: DAG_IDS.snapshot,
      runId,
      conf: () => ({ requestedBy: world.actor }),
      limitSeconds: LIMIT_SECONDS,
    }),
  );
  if (result.ok && result.outcome !== 'skipped' && typeof result.snapshot === 'string') return result.snapshot;
  throw new MdrError({
    code: 'MDR-SNAPSHOT-FAILED',
    message: `${runId} in ${active.region} ${result.outcome}: ${result.message ?? result.code ?? 'it gave no reason'}`,
    fix: `Read the task log of ${DAG_IDS.snapshot} in ${active.site.environment}.`,
    state: 'older snapshots are untouched',
  });
}
