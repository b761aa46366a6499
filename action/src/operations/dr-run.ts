import { parseDrResult } from '../domain/dr-result.ts';
import type { DrResult } from '../domain/dr-result.ts';
import type { Deployment } from '../domain/deployment.ts';
import { isUnusable } from '../domain/environment-change.ts';
import { MdrError } from '../domain/errors.ts';
import { keys } from '../domain/names.ts';
import type { DagRunState, World } from '../domain/ports.ts';
import { probe } from './sides.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

type Conf = Record<string, unknown>;

export interface DrJob {
  readonly dagId: string;
  /** Of the first attempt; a further one, after a failure, gets `-r2`, `-r3` … */
  readonly runId: string;
  /** What a run is told that has to be started; asked only then. */
  readonly conf: () => Conf | Promise<Conf>;
  readonly limitSeconds: number;
  /** Whether what an earlier run did is no more. */
  readonly isUndone?: (earlier: DrResult) => Promise<boolean>;
}

/**
 * Runs a DR DAG and answers its result; a run of the same id that is there already is waited for, one that succeeded
 * before is not repeated; after failed ones each call makes one new attempt. The result object decides, not the state of
 * the run. Throws `MDR-DR-RUN-LOST`, `MDR-TIMEOUT`, `MDR-STOPPED`.
 */
export async function runDrDag(world: World, side: Side, deployment: Deployment, job: DrJob): Promise<DrResult> {
  for (let attempt = 1; ; attempt += 1) {
    const runId = attempt === 1 ? job.runId : `${job.runId}-r${attempt}`;
    const before = await readEarlier(side, deployment, runId);
    if (before === 'failed' || (before !== undefined && (await job.isUndone?.(before)) === true)) continue;
    if (before !== undefined) return before;
    const started = await start(world, side, deployment, { ...job, runId });
    if (started === 'lost before') continue;
    return waitForResult(world, side, deployment, { ...job, runId });
  }
}

/** The result of a run that succeeded before; one that cannot be read is that of a run that failed. */
async function readEarlier(
  side: Side,
  deployment: Deployment,
  runId: string,
): Promise<DrResult | 'failed' | undefined> {
  try {
    const result = await readResult(side, deployment, runId);
    return result?.ok === false ? 'failed' : result;
  } catch (error) {
    if (error instanceof MdrError && error.code === 'MDR-DR-RUN-LOST') return 'failed';
    throw error;
  }
}

async function readResult(side: Side, deployment: Deployment, runId: string): Promise<DrResult | undefined> {
  const key = keys.result(deployment.deployment, runId);
  const object = await side.ports.objects.get(side.bucket, key);
  return object === undefined ? undefined : parseDrResult(object.body, `s3://${side.bucket}/${key}`);
}

/** `lost before`: an earlier run of ours had started this one, and it ended without a result. */
async function start(
  world: World,
  side: Side,
  deployment: Deployment,
  { dagId, runId, conf }: DrJob,
): Promise<'under way' | 'lost before'> {
  const { airflow } = side.ports;
  const { environment } = side.site;
  const told = await conf();
  const answer = await waitFor(world, `Airflow of ${side.region} to take ${runId}`, TAKING_LASTS, () =>
    airflow.trigger(environment, dagId, runId, told),
  );
  if (answer === 'started') return 'under way';
  const state = await probe(() => airflow.runState(environment, dagId, runId));
  if (!('answer' in state) || !isOver(state.answer)) return 'under way';
  return (await readResult(side, deployment, runId)) === undefined ? 'lost before' : 'under way';
}

/** Seconds: a web server that takes no order for so long is not slow, and the one to be told is a person. */
const TAKING_LASTS = 600;

const isOver = (state: DagRunState | undefined): boolean => state === 'success' || state === 'failed';

async function waitForResult(world: World, side: Side, deployment: Deployment, job: DrJob): Promise<DrResult> {
  let looks = 0;
  return waitFor(world, `the result of ${job.runId}`, job.limitSeconds, async () => {
    const result = await readResult(side, deployment, job.runId);
    looks += 1;
    if (result !== undefined || looks % LOOKS_PER_STATE !== 0) return result;
    const state = await probe(() => side.ports.airflow.runState(side.site.environment, job.dagId, job.runId));
    if (!('answer' in state) || state.answer === 'queued') {
      await requireStartable(side, job);
      return undefined;
    }
    if (state.answer === 'running') return undefined;
    const late = await readResult(side, deployment, job.runId);
    if (late !== undefined) return late;
    throw lost(
      side,
      job,
      state.answer === undefined ? 'Airflow knows no such run' : `Airflow calls it ${state.answer}`,
    );
  });
}

/** What keeps a run from ever starting is the answer, not that it took too long. What cannot be asked keeps nothing. */
async function requireStartable({ region, site, ports }: Side, { dagId, runId }: DrJob): Promise<void> {
  const { environment } = site;
  const described = await probe(() => ports.environments.describe(environment));
  if ('answer' in described && isUnusable(described.answer)) {
    const status = described.answer?.status ?? 'gone';
    throw cannotStart(`${environment} is ${status}, so that ${runId} does not start in ${region}`, TO_MEND);
  }
  const dags = await probe(() => ports.airflow.dags(environment));
  if (!('answer' in dags) || !dags.answer.some((dag) => dag.dagId === dagId && dag.isPaused)) return;
  throw cannotStart(
    `${dagId} is paused in ${region}, so that ${runId} does not start`,
    `Unpause ${dagId} in Airflow of ${environment}, then run the same again.`,
  );
}

const TO_MEND =
  'Look at the environment in the MWAA console. Once it is AVAILABLE, run the same again; or, if that can be used, go to the other Region with `override: force`.';

const cannotStart = (message: string, fix: string): MdrError =>
  new MdrError({
    code: 'MDR-TARGET-UNREADY',
    message,
    fix,
    state: 'the run is queued there, and starts by itself once it can, unless another move has claimed by then',
  });

/** S3 is asked more often than Airflow, whose web server is small. */
const LOOKS_PER_STATE = 4;

const lost = (side: Side, { dagId, runId }: DrJob, why: string): MdrError =>
  new MdrError({
    code: 'MDR-DR-RUN-LOST',
    message: `${runId} of ${dagId} in ${side.region} left no result: ${why}`,
    fix: `Read the task log of ${dagId} in ${side.site.environment}, then run again: the step starts a new attempt.`,
    state: 'the run changes either everything or nothing; the next attempt finds out',
  });
