import type { ControlRecord, Move } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { leaseRuns } from '../domain/lease.ts';
import type { World } from '../domain/ports.ts';
import { isDead, plannedIn } from '../domain/standing.ts';
import type { Standing } from '../domain/standing.ts';
import { changeControl } from './control.ts';
import { bothSides, probe } from './sides.ts';
import type { Side } from './sides.ts';
import type { Known } from './standing.ts';

/**
 * Takes moves out of the records that nobody goes on with: those below the epoch of a control record, and those whose run
 * ended before the claim, so that nothing was touched. Answers the latter. While a lease runs, a run is at work.
 */
export async function withdrawAbandoned(
  world: World,
  deployment: Deployment,
  { controls, standing }: Known,
): Promise<readonly Move[]> {
  if (standing === undefined) return [];
  const withdrawn: Move[] = [];
  for (const side of bothSides(world, deployment)) {
    const control = controls[side.index];
    const record = 'answer' in control ? control.answer?.record : undefined;
    if (record === undefined || withoutAbandoned(record, standing) === record) continue;
    withdrawn.push(...(await withdraw(world, deployment, side, standing)));
  }
  return withdrawn;
}

/** The moves that were only planned, once they are out of the record. */
async function withdraw(
  world: World,
  deployment: Deployment,
  side: Side,
  standing: Standing,
): Promise<readonly Move[]> {
  let planned: readonly Move[] = [];
  const after = await probe(() =>
    changeControl(world, side, deployment, (record, date) => {
      planned = leaseRuns(record.lease, date) ? [] : plannedIn(record);
      return leaseRuns(record.lease, date) ? record : withoutAbandoned(record, standing);
    }),
  );
  if ('fault' in after) return [];
  for (const { id, to, step } of planned)
    world.log.info(`${id} to ${to} is withdrawn: its run ended at ${step}, before anything was touched`);
  return planned;
}

/**
 * The same object when there is nothing to take out. Together with the move goes the lease that has run out: without it
 * a run that only stood still stops at its next step.
 */
function withoutAbandoned(record: ControlRecord, standing: Standing): ControlRecord {
  const planned = plannedIn(record);
  const isOver = record.move !== null && (isDead(record.move, standing) || planned.includes(record.move));
  if (planned.length === 0 && !isOver) return record;
  return { ...record, move: isOver ? null : record.move, lease: null };
}
