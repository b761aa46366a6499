import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { beginnings, firstRecord, requireConsistent } from '../domain/first-record.ts';
import type { World } from '../domain/ports.ts';
import type { Standing } from '../domain/standing.ts';
import { readControl, writeControl } from './control.ts';
import { bothSides } from './sides.ts';
import { knownBeyond } from './standing.ts';
import type { Side } from './sides.ts';
import { insistOnStanding } from './standing.ts';

/** The control records of both sites; reconcile needs both, or to know that there is none. Throws `MDR-CONTROL-INVALID`. */
export async function readRecords(world: World, deployment: Deployment): Promise<readonly ControlRecord[]> {
  const loaded = await Promise.all(bothSides(world, deployment).map((side) => readControl(side, deployment)));
  const records = loaded.flatMap((one) => (one === undefined ? [] : [one.record]));
  requireConsistent(deployment, records);
  return records;
}

/**
 * Writes the control record of a site that has none; `false` = it had one. A record that was lost comes back as all else
 * tells: the other record, heartbeats and snapshots; epoch 0 is only for what never ran.
 */
export async function writeFirstRecord(
  world: World,
  side: Side,
  deployment: Deployment,
  records: readonly ControlRecord[],
): Promise<boolean> {
  if (records.some(({ site }) => site === side.region)) return false;
  const now = world.clock.now();
  const known = await knownBeyond(world, deployment, records.length > 0 ? records : beginnings(deployment, now));
  const record = firstRecord(deployment, side.region, known === undefined ? records : [known], now);
  return (await writeControl(world, side, deployment, record, { ifAbsent: true })) !== undefined;
}

/**
 * Who is active; `undefined` before there is a record. Throws `MDR-MOVE-OTHER` while a move is under way: that is being
 * decided, and nothing else matters.
 */
export async function requireNoMove(world: World, deployment: Deployment): Promise<Standing | undefined> {
  const standing = await insistOnStanding(world, deployment);
  const move = standing?.move;
  if (move === undefined) return standing;
  throw new MdrError({
    code: 'MDR-MOVE-OTHER',
    message: `${move.id} to ${move.to} is under way since ${move.startedAt} and has come to ${move.step}`,
    fix: standing?.isClaimed
      ? `Let it finish, or finish it: failover with target ${move.to}. Then start this run again.`
      : 'Let it finish; when no run works on it any more, `check` withdraws it. Then start this run again.',
    state: 'nothing was touched',
  });
}
