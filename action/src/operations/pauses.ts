import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { allPausedBeat } from '../domain/findings.ts';
import type { FindingFacts } from '../domain/findings.ts';
import type { Pauses } from '../domain/journal.ts';
import type { Manifest } from '../domain/manifest.ts';
import { epochOfMove } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { Standing } from '../domain/standing.ts';
import { millis } from '../domain/stored-json.ts';
import { allPauses } from './move-journal.ts';
import type { MoveScene } from './move-steps.ts';
import { findNewest } from './newest-whole.ts';
import { probeStored } from './sides.ts';
import type { Side } from './sides.ts';
import { readSnapshot } from './snapshots.ts';

type KnownPauses = Pick<FindingFacts, 'lastPauses' | 'ourPauses' | 'pausesUnread'>;

export const NO_PAUSES: KnownPauses = { lastPauses: undefined, ourPauses: [], pausesUnread: undefined };

interface Sides {
  readonly active: Side;
  readonly standby: Side;
  /** The newest complete one of the current lineage at the standby. */
  readonly newest: Manifest | undefined;
}

/** What was paused at the newest snapshot, and what by us; only asked when it matters. */
export async function pausesOf(
  world: World,
  deployment: Deployment,
  standing: Standing,
  { active, standby, newest }: Sides,
): Promise<KnownPauses> {
  if (allPausedBeat(deployment, standing) === undefined) return NO_PAUSES;
  const { activated } = standing.record;
  const sides = [active, standby];
  const notes = await Promise.all(sides.map((side) => probeStored(() => allPauses(side, deployment))));
  const { snapshot: loaded } = activated;
  const restored = loaded === null ? undefined : await probeStored(() => readSnapshot(active, deployment, loaded));
  const known = notes.flatMap((found) => ('answer' in found ? found.answer : []));
  const since = known.filter(({ site, at }) => site === active.region && millis(at) > millis(activated.at));
  // Where the standby cannot be asked, the active site still has what it took.
  const own = newest ? undefined : await probeStored(() => findNewest(world, active, deployment, activated));
  const last = own !== undefined && 'answer' in own ? own.answer?.manifest : newest;
  return {
    lastPauses: last?.pauseSet,
    pausesUnread: sides.find((_, index) => 'fault' in (notes[index] ?? {}))?.region,
    ourPauses: [
      ...new Set([
        ...since.flatMap(({ dags }) => dags),
        ...(restored !== undefined && 'answer' in restored ? pausedByMoves(restored.answer.manifest, known) : []),
      ]),
    ],
  };
}

/** A note that is damaged stops no move: it only serves to give back what was paused. Throws AwsFault. */
export async function notesAt(
  { world, deployment }: Pick<MoveScene, 'world' | 'deployment'>,
  side: Side,
): Promise<readonly Pauses[]> {
  try {
    return await allPauses(side, deployment);
  } catch (error) {
    if (!(error instanceof MdrError)) throw error;
    world.log.warning(`what moves have paused by REST is not known: ${error.message}`);
    return [];
  }
}

/**
 * DAGs that a snapshot shows paused by us: a move above its lineage had paused the site before it was taken. That is no
 * wish of anybody's.
 */
export function pausedByMoves({ lineage, pauseSet }: Manifest, notes: readonly Pauses[]): readonly string[] {
  const paused = new Set(pauseSet.paused);
  const ours = notes.filter(({ site, move }) => site === lineage.site && epochOfMove(move) > lineage.epoch);
  return [...new Set(ours.flatMap(({ dags }) => dags.filter((dagId) => paused.has(dagId))))].toSorted();
}
