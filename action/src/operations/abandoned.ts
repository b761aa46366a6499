import type { Deployment } from '../domain/deployment.ts';
import type { Move } from '../domain/control-record.ts';
import { leaseRuns } from '../domain/lease.ts';
import type { World } from '../domain/ports.ts';
import { isDead } from '../domain/standing.ts';
import type { Standing } from '../domain/standing.ts';
import { changeControl } from './control.ts';
import { bothSides, probe } from './sides.ts';
import type { Known } from './standing.ts';

/**
 * Takes moves out of the records that nobody goes on with: those that a higher epoch has overtaken, and those whose run
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
    const move = 'answer' in control ? (control.answer?.record.move ?? null) : null;
    if (move === null || !isAbandoned(move, standing)) continue;
    const after = await probe(() =>
      changeControl(world, side, deployment, (record, date) => {
        const isClaimedNow = record.epoch === move.epoch && !isDead(move, standing);
        if (record.move?.id !== move.id || isClaimedNow || leaseRuns(record.lease, date)) return record;
        // Without its lease a run that only stood still stops at its next step.
        return { ...record, move: null, lease: null };
      }),
    );
    if (!('answer' in after) || after.answer.move !== null || isDead(move, standing)) continue;
    world.log.info(`${move.id} to ${move.to} is withdrawn: its run ended at ${move.step}, before anything was touched`);
    withdrawn.push(move);
  }
  return withdrawn;
}

/** Below the ruling epoch it was overtaken; above it, it was never claimed. */
const isAbandoned = (move: Move, standing: Standing): boolean =>
  isDead(move, standing) || move.epoch > standing.record.epoch;
