import type { Region } from '../sandbox/types.ts';
import type { AirflowFacts } from './airflow-facts.ts';
import { type Claim, claim, seconds } from './claims.ts';

/** The fence record of a heartbeat (docs/formats.md). */
export interface Fence {
  readonly epoch: number;
  readonly at: string;
  readonly grade: string;
  readonly startedBefore: readonly { dagId: string; runId: string; taskId: string; mapIndex: number }[];
  readonly stopped: number;
}

const nameOf = (task: { dagId: string; runId: string; taskId: string; mapIndex: number }): string =>
  `${task.dagId} ${task.runId} ${task.taskId} ${task.mapIndex}`;

/** What the side that came back has done before and after it was fenced. */
export async function returnedClaims(
  facts: AirflowFacts,
  region: Region,
  returnedAt: Date,
  fence: Fence,
): Promise<Claim[]> {
  const fencedAt = new Date(fence.at);
  const started = await facts.tasks(region, `start_date > '${returnedAt.toISOString()}'`);
  const late = started.filter(
    (task) => task.startDate !== null && task.startDate.getTime() > fencedAt.getTime() + 1000,
  );
  const before = started.filter((task) => !late.includes(task));
  const named = new Set(fence.startedBefore.map(nameOf));
  // What was queued when the fence was laid may still begin within that second: it is stopped, and no work of before.
  const slipped = before.filter(({ startDate }) => startDate !== null && startDate.getTime() < fencedAt.getTime());
  const unnamed = slipped.filter((task) => !named.has(nameOf(task)));
  const paused = await facts.paused(region);
  const loose = [...paused].filter(([, isPaused]) => !isPaused).map(([dagId]) => dagId);
  const running = await facts.tasks(region, `state in ('running', 'queued')`);
  return [
    claim(
      'no user task started at the old site later than one second after the fence',
      late.length === 0,
      `fenced ${seconds(fencedAt.getTime() - returnedAt.getTime())} after its return; ${slipped.length} had slipped in before, ${before.length - slipped.length} within a second, ${late.length} started after`,
    ),
    claim(
      'the old site names what slipped in before the fence',
      unnamed.length === 0,
      `${slipped.length - unnamed.length} of ${slipped.length} named: ${slipped.map(({ dagId, taskId }) => `${dagId} ${taskId}`).join(', ') || 'none'}`,
    ),
    claim(
      'every task of the old site has ended',
      fence.grade === 'stopped',
      `${fence.stopped} tasks stopped, grade ${fence.grade}`,
    ),
    claim(
      'the old site is held: every DAG paused, nothing running',
      loose.length === 0 && running.length === 0,
      loose.length === 0
        ? `${paused.size} DAGs paused, ${running.length} tasks running`
        : `unpaused: ${loose.join(', ')}`,
    ),
  ];
}
