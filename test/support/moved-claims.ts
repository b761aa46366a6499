import type { Region } from '../sandbox/types.ts';
import type { AirflowFacts, RunFact, TaskFact } from './airflow-facts.ts';
import { type Claim, claim } from './claims.ts';
import { DAGS, PAUSED_ON_PURPOSE } from './platform.ts';

/** What was in flight at the active site when the snapshot was taken. */
export interface InFlight {
  readonly interruptedRun: string;
  readonly deferredRun: string;
  readonly retryingRun: string;
  /** When the deferred wait is due, and when the failed task may be tried again. */
  readonly waitDue: Date;
  readonly retryDue: Date;
}

export interface Moved {
  readonly facts: AirflowFacts;
  readonly from: Region;
  readonly to: Region;
  readonly takenAt: Date;
  /** Commit of the activation, by the target's database. */
  readonly activatedAt: Date;
  readonly inFlight: InFlight;
}

const id = (task: TaskFact): string => `${task.dagId} ${task.runId} ${task.taskId} ${task.mapIndex}`;
const time = (date: Date | null): string => date?.toISOString().slice(11, 19) ?? '-';
/** The scheduler of a loaded machine may look a little late. */
const SLACK_MS = 20_000;

/** Due at its time, or at once when that had passed before the activation. */
function onTime(at: Date | null, due: Date, activatedAt: Date): boolean {
  if (at === null) return false;
  const earliest = due.getTime();
  const latest = Math.max(earliest, activatedAt.getTime()) + SLACK_MS;
  return at.getTime() >= earliest - 1000 && at.getTime() <= latest;
}

async function finishedWork({ facts, from, to, takenAt }: Moved): Promise<Claim> {
  const finished = (await facts.runs(from)).filter((run) => run.endDate !== null && run.endDate < takenAt);
  const keys = new Set(finished.map((run) => `${run.dagId} ${run.runId}`));
  const before = (await facts.tasks(from)).filter((task) => keys.has(`${task.dagId} ${task.runId}`));
  const after = new Map((await facts.tasks(to)).map((task) => [id(task), task]));
  const repeated = before.filter((task) => {
    const now = after.get(id(task));
    return now?.startDate?.getTime() !== task.startDate?.getTime() || now?.tryNumber !== task.tryNumber;
  });
  return claim(
    'no finished run was repeated or lost',
    before.length > 0 && repeated.length === 0,
    `${finished.length} runs with ${before.length} tasks compared, ${repeated.length} differ${repeated.length === 0 ? '' : `: ${repeated.map(id).join('; ')}`}`,
  );
}

async function interruptedWork({ facts, from, to, inFlight }: Moved): Promise<Claim> {
  const mine = `dag_id = 'nightly_report' and run_id = '${inFlight.interruptedRun}'`;
  const before = (await facts.tasks(from, mine)).find((task) => task.taskId === 'gather');
  const after = await facts.tasks(to, mine);
  const get = (taskId: string) => after.find((task) => task.taskId === taskId);
  const ok =
    get('gather')?.startDate?.getTime() === before?.startDate?.getTime() &&
    get('crunch')?.state === 'success' &&
    get('crunch')?.tryNumber === 2 &&
    get('publish')?.state === 'success';
  return claim(
    'the interrupted run went on at its unfinished tasks',
    ok,
    after
      .map((task) => `${task.taskId} ${task.state ?? 'none'} (try ${task.tryNumber}, ${time(task.startDate)})`)
      .join(', '),
  );
}

function slots(runs: readonly RunFact[]): { next: boolean; text: string } {
  const times = runs.flatMap((run) => (run.slot === null ? [] : [run.slot.getTime()])).sort((a, b) => a - b);
  const gaps = times.filter((at, index) => index > 0 && at - (times[index - 1] ?? 0) !== 60_000);
  return { next: times.length > 0 && gaps.length === 0, text: `${times.length} slots, ${gaps.length} gaps or repeats` };
}

async function cron({ facts, to, activatedAt }: Moved): Promise<Claim[]> {
  const runs = await facts.runs(to, `dag_id = 'orders_ingest'`);
  const { next, text } = slots(runs);
  const fresh = runs.filter((run) => run.startDate !== null && run.startDate > activatedAt);
  return [
    claim('each cron slot is there once, with no gap', next, text),
    claim(
      'the next scheduled runs happen at the other site',
      fresh.some((run) => run.state === 'success'),
      `${fresh.length} runs of orders_ingest since ${time(activatedAt)}`,
    ),
  ];
}

async function waiting({ facts, to, activatedAt, inFlight }: Moved): Promise<Claim[]> {
  const [wait] = await facts.tasks(to, `run_id = '${inFlight.deferredRun}' and task_id = 'await_partner'`);
  const [then] = await facts.tasks(to, `run_id = '${inFlight.deferredRun}' and task_id = 'delivered'`);
  const [retry] = await facts.tasks(to, `run_id = '${inFlight.retryingRun}' and task_id = 'fetch'`);
  return [
    claim(
      'the deferred task woke at its time and its run finished',
      onTime(wait?.endDate ?? null, inFlight.waitDue, activatedAt) && then?.state === 'success',
      `due ${time(inFlight.waitDue)}, woke ${time(wait?.endDate ?? null)}, then ${then?.state ?? 'none'}`,
    ),
    claim(
      'the failed task was retried at its time',
      onTime(retry?.startDate ?? null, inFlight.retryDue, activatedAt) &&
        retry?.state === 'success' &&
        retry.tryNumber === 2,
      `due ${time(inFlight.retryDue)}, retried ${time(retry?.startDate ?? null)} as try ${retry?.tryNumber ?? 0}: ${retry?.state ?? 'none'}`,
    ),
  ];
}

async function pauses({ facts, to }: Moved): Promise<Claim> {
  const paused = await facts.paused(to);
  const wrong = DAGS.filter((dag) => paused.get(dag) !== (dag === PAUSED_ON_PURPOSE));
  const runs = await facts.runs(to, `dag_id = '${PAUSED_ON_PURPOSE}'`);
  return claim(
    'what was paused on purpose stays paused, everything else runs',
    wrong.length === 0 && runs.length === 0,
    wrong.length === 0 ? `${DAGS.length - 1} unpaused, ${PAUSED_ON_PURPOSE} paused` : `wrong: ${wrong.join(', ')}`,
  );
}

/** What the real scheduler of the new site has made of what it was given. */
export async function movedClaims(moved: Moved): Promise<Claim[]> {
  return [
    await finishedWork(moved),
    await interruptedWork(moved),
    ...(await cron(moved)),
    ...(await waiting(moved)),
    await pauses(moved),
  ];
}
