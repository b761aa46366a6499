import type { Deployment } from '../domain/deployment.ts';
import type { ControlRecord } from '../domain/control-record.ts';
import type { MetricQuery, RegionPorts, World, Work } from '../domain/ports.ts';
import { dagReasons, missingDags, quietDags } from '../domain/readiness.ts';
import { staleAfter } from '../domain/reading.ts';
import type { Probe, Probes, StandbyDags } from '../domain/reading.ts';
import type { Standing } from '../domain/standing.ts';
import type { BothControls } from './control.ts';
import { readHeartbeat } from './heartbeats.ts';
import { probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';
import { findNewest } from './newest-whole.ts';
import type { Newest } from './newest-whole.ts';

/** Who is asked, and at what time (milliseconds, by the clock that the reading goes by). */
export interface Question {
  readonly world: World;
  readonly deployment: Deployment;
  readonly active: Side;
  readonly standby: Side;
  readonly controls: BothControls;
  readonly standing: Standing | undefined;
  readonly now: number;
}

export interface Asked extends Probes {
  /** Of the snapshot, what else is known; `undefined` = not read, or there is none. */
  readonly newest: Newest | undefined;
}

/** Asks every vantage point at once. */
export async function ask(question: Question): Promise<Asked> {
  const { world, deployment, active, standby, controls, standing } = question;
  const [
    activeEnvironment,
    activeMetric,
    activeAirflow,
    activeIdentity,
    standbyEnvironment,
    standbyIdentity,
    dags,
    heartbeat,
    standbyHeartbeat,
    newest,
    work,
    extraMetrics,
  ] = await Promise.all([
    probe(() => active.ports.environments.describe(active.site.environment)),
    probe(() => askMetric(question)),
    probe(() => active.ports.airflow.health(active.site.environment)),
    probe(() => active.ports.identity.caller()),
    probe(() => standby.ports.environments.describe(standby.site.environment)),
    probe(() => standby.ports.identity.caller()),
    probe(() => standby.ports.airflow.dags(standby.site.environment)),
    probeStored(() => readHeartbeat(standby, deployment, active.region)),
    probeStored(() => readHeartbeat(standby, deployment, standby.region)),
    askSnapshot(world, deployment, standby, standing?.record),
    askWork(question),
    probe(() => askExtraMetrics(question)),
  ]);
  return {
    activeEnvironment,
    activeMetric,
    activeAirflow,
    activeStorage: storageOf(controls[active.index]),
    activeIdentity,
    standbyEnvironment,
    standbyStorage: storageOf(controls[standby.index]),
    standbyIdentity,
    standbyAirflow: besideSnapshot(dags, newest),
    heartbeat,
    standbyHeartbeat,
    snapshot: 'answer' in newest ? { answer: newest.answer?.id } : newest,
    newest: 'answer' in newest ? newest.answer : undefined,
    work,
    extraMetrics,
  };
}

type Dags = Awaited<ReturnType<RegionPorts['airflow']['dags']>>;

/** As a move that begins now would look at them. */
function besideSnapshot(dags: Probe<Dags>, newest: Probe<Newest | undefined>): Probe<StandbyDags> {
  if (!('answer' in dags)) return dags;
  const manifest = 'answer' in newest ? newest.answer?.manifest : undefined;
  const missing = manifest === undefined ? [] : missingDags(manifest, dags.answer);
  return { answer: { reasons: [...dagReasons(manifest, dags.answer), ...quietDags(dags.answer)], missing } };
}

/** S3 that holds a damaged record has answered. */
const storageOf = (control: BothControls[number]): Probe<unknown> =>
  'fault' in control && control.code === 'MDR-CONTROL-INVALID' ? { answer: undefined } : control;

async function askMetric({ deployment, active, now }: Question) {
  const { periodSeconds, badPeriods } = deployment.health;
  const { environment } = active.site;
  const sums = await active.ports.metrics.schedulerHeartbeats(environment, periodSeconds, badPeriods, now);
  const existed =
    sums.some((sum) => sum !== undefined) || (await active.ports.metrics.schedulerHeartbeatExisted(environment, now));
  return { sums, existed };
}

async function askSnapshot(
  world: World,
  deployment: Deployment,
  standby: Side,
  record: ControlRecord | undefined,
): Promise<Probe<Newest | undefined>> {
  if (record === undefined) return { fault: 'error', detail: 'the current lineage is not known' };
  return probeStored(() => findNewest(world, standby, deployment, record.activated));
}

/** A canary that beats is a task that ran. Only when it is silent Airflow is made to count; then CloudWatch is asked. */
async function askWork(question: Question): Promise<Probe<Work | undefined>> {
  const { deployment, active, standing, now } = question;
  const stale = staleAfter(deployment);
  if ((standing?.beats[active.index]?.ageMilliseconds ?? Infinity) <= stale) return { answer: undefined };
  const counted = await probe(() => active.ports.airflow.work(active.site.environment, now - stale));
  if ('answer' in counted) return counted;
  const measured = await probe(() => measureWork(question));
  return 'answer' in measured && measured.answer !== undefined ? measured : counted;
}

/**
 * The queue between the scheduler and its workers, as MWAA measures it (Amazon MWAA User Guide, "Container, queue, and
 * database metrics"). Airflow's own `RunningTasks` also counts what was only handed to that queue.
 */
async function measureWork({ deployment, active, now }: Question): Promise<Work | undefined> {
  const { periodSeconds, badPeriods } = deployment.health;
  const of = (metric: string, statistic: string): MetricQuery => ({
    namespace: 'AWS/MWAA',
    metric,
    dimensions: { Environment: active.site.environment },
    statistic,
  });
  const queries = [of('QueuedTasks', 'Minimum'), of('RunningTasks', 'Maximum')];
  const [queued = [], running = []] = await active.ports.metrics.values(queries, periodSeconds, badPeriods, now);
  const known = (series: readonly (number | undefined)[]) => series.filter((value) => value !== undefined);
  if (known(queued).length < badPeriods || known(running).length < badPeriods) return undefined;
  const [least, most] = [Math.min(...known(queued)), Math.max(...known(running))];
  return { queued: least, running: most, startedSince: undefined, ourWaiting: undefined, of: 'CloudWatch' };
}

async function askExtraMetrics({ deployment, active, now }: Question) {
  const { periodSeconds, badPeriods, extraMetrics } = deployment.health;
  if (extraMetrics.length === 0) return [];
  const own = { environment: active.site.environment, region: active.region };
  const queries = extraMetrics.map(({ namespace, name, dimensions, statistic }): MetricQuery => ({
    namespace,
    metric: name,
    dimensions: Object.fromEntries(Object.entries(dimensions).map(([key, value]) => [key, filledIn(value, own)])),
    statistic,
  }));
  return active.ports.metrics.values(queries, periodSeconds, badPeriods, now);
}

const filledIn = (value: string, { environment, region }: { environment: string; region: string }): string =>
  value.replaceAll('{environment}', environment).replaceAll('{region}', region);
