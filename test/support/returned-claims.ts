import type { Region } from '../sandbox/types.ts';
import type { AirflowFacts } from './airflow-facts.ts';
import { type Claim, claim, seconds } from './claims.ts';

/** The fence record of a heartbeat (docs/formats.md). */
export interface Fence {
  readonly epoch: number;
  readonly at: string;
  readonly grade: string;
  readonly startedBefore: readonly { dagId: string; taskId: string; startedAt: string }[];
  readonly stopped: number;
}

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
  const before = started.length - late.length;
  const paused = await facts.paused(region);
  const loose = [...paused].filter(([, isPaused]) => !isPaused).map(([dagId]) => dagId);
  const running = await facts.tasks(region, `state in ('running', 'queued')`);
  return [
    claim(
      'no user task started at the old site later than one second after the fence',
      late.length === 0,
      `fenced ${seconds(fencedAt.getTime() - returnedAt.getTime())} after its return; ${before} had slipped in before, ${late.length} after`,
    ),
    claim(
      'the old site names what slipped in before the fence',
      fence.startedBefore.length >= before,
      `${fence.startedBefore.length} named, ${fence.stopped} tasks stopped, grade ${fence.grade}`,
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
