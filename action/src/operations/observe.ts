import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { parseObservations, withReading } from '../domain/observation.ts';
import type { Observations } from '../domain/observation.ts';
import { movingNotes, standingFindings } from '../domain/findings.ts';
import { permissionOf } from '../domain/move-permission.ts';
import { keys } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import { readingOf } from '../domain/reading.ts';
import type { Probe, Probes } from '../domain/reading.ts';
import type { Finding } from '../domain/results.ts';
import { toStored } from '../domain/stored-json.ts';
import { troubleOf } from '../domain/trouble.ts';
import { judge } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import { noRecord } from './control.ts';
import type { BothControls } from './control.ts';
import { readHeartbeat } from './heartbeats.ts';
import { probe, probeStored, sideOf } from './sides.ts';
import type { Side } from './sides.ts';
import { newestComplete } from './snapshots.ts';
import { reachOf, readStanding } from './standing.ts';

export interface Observed {
  readonly active: Side;
  readonly standby: Side;
  /** `undefined` when neither Region's control record could be read: then site 0 is only assumed to be active. */
  readonly record: ControlRecord | undefined;
  readonly verdict: Verdict;
  /** Newest complete snapshot of the current lineage at the standby. */
  readonly snapshot: string | undefined;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Takes one reading of the active site, remembers it in the standby's bucket, and judges it together with what was seen
 * before. `memory` stands in for what cannot be read back.
 */
export async function observe(
  world: World,
  deployment: Deployment,
  observer: string,
  memory: { observations?: Observations },
): Promise<Observed> {
  const { controls, standing } = await readStanding(world, deployment);
  if (standing === undefined && controls.every((control) => 'answer' in control)) throw noRecord(deployment, controls);
  const record = standing?.record;
  const roles = standing?.roles ?? ({ active: 0, standby: 1 } as const);
  const active = sideOf(world, deployment, roles.active);
  const standby = sideOf(world, deployment, roles.standby);
  const before = await readBefore(deployment, active, standby, observer, memory);
  const facts = standing && { deployment, standing, reach: reachOf(controls) };
  const probes = await ask(world, deployment, active, standby, controls, record);
  const role: Probes['role'] =
    facts === undefined ? { fault: 'error', detail: 'no control record could be read' } : { answer: troubleOf(facts) };
  const reading = readingOf(
    deployment,
    world.clock.now(),
    { ...probes, role },
    record?.debts ?? [],
    before.own.readings.at(-1),
  );
  const own = withReading(before.own, reading);
  memory.observations = own;
  // A memory that could not be read back must not be overwritten by a shorter one.
  const warning = before.isKnown
    ? await remember(deployment, active, standby, own)
    : 'earlier readings could not be read';
  const verdict = judge({ periods: deployment.health, now: world.clock.now(), observer: own, others: before.others });
  const snapshot = 'answer' in probes.snapshot ? probes.snapshot.answer : undefined;
  return {
    active,
    standby,
    record,
    verdict,
    snapshot,
    findings: facts === undefined ? [] : standingFindings(facts, permissionOf(verdict.key, 'manual')),
    notes: facts === undefined ? [] : movingNotes(facts),
    warnings: warning === undefined ? [] : [warning],
  };
}

interface Before {
  readonly isKnown: boolean;
  readonly own: Observations;
  readonly others: readonly Observations[];
}

async function readBefore(
  deployment: Deployment,
  active: Side,
  standby: Side,
  observer: string,
  memory: { observations?: Observations },
): Promise<Before> {
  const prefix = keys.observationsPrefix(deployment.deployment, active.region);
  const fresh: Observations = { schemaVersion: 1, observer, site: active.region, readings: [] };
  const read = await probe(async () => {
    const objects = await standby.ports.objects.list(standby.bucket, prefix);
    return Promise.all(objects.map(({ key }) => readObservations(standby, key)));
  });
  const stored = 'answer' in read ? read.answer.filter((found) => found !== undefined) : [];
  const remembered = memory.observations?.site === active.region ? memory.observations : undefined;
  const own = remembered ?? stored.find((found) => found.observer === observer) ?? fresh;
  const isKnown = 'answer' in read || remembered !== undefined;
  return { isKnown, own, others: stored.filter((found) => found.observer !== observer) };
}

/** A memory that is damaged is none, and is written anew. */
async function readObservations(standby: Side, key: string): Promise<Observations | undefined> {
  const object = await standby.ports.objects.get(standby.bucket, key);
  if (object === undefined) return undefined;
  const read = await probeStored(() =>
    Promise.resolve(parseObservations(object.body, `s3://${standby.bucket}/${key}`)),
  );
  return 'answer' in read ? read.answer : undefined;
}

async function remember(
  deployment: Deployment,
  active: Side,
  standby: Side,
  own: Observations,
): Promise<string | undefined> {
  const key = keys.observations(deployment.deployment, active.region, own.observer);
  const written = await probe(() => standby.ports.objects.put(standby.bucket, key, toStored(own), 'any'));
  return 'fault' in written ? `the reading was not remembered: ${written.detail}` : undefined;
}

async function ask(
  world: World,
  deployment: Deployment,
  active: Side,
  standby: Side,
  controls: BothControls,
  record: ControlRecord | undefined,
): Promise<Omit<Probes, 'role'>> {
  const [
    activeEnvironment,
    activeMetric,
    activeAirflow,
    activeIdentity,
    standbyEnvironment,
    standbyIdentity,
    heartbeat,
    standbyHeartbeat,
    snapshot,
  ] = await Promise.all([
    probe(() => active.ports.environments.describe(active.site.environment)),
    probe(() => askMetric(world, deployment, active)),
    probe(() => active.ports.airflow.health(active.site.environment)),
    probe(() => active.ports.identity.caller()),
    probe(() => standby.ports.environments.describe(standby.site.environment)),
    probe(() => standby.ports.identity.caller()),
    probeStored(() => readHeartbeat(standby, deployment, active.region)),
    probeStored(() => readHeartbeat(standby, deployment, standby.region)),
    askSnapshot(world, deployment, standby, record),
  ]);
  return {
    activeEnvironment,
    activeMetric,
    activeAirflow,
    activeStorage: controls[active.index],
    activeIdentity,
    standbyEnvironment,
    standbyStorage: controls[standby.index],
    standbyIdentity,
    heartbeat,
    standbyHeartbeat,
    snapshot,
  };
}

async function askMetric(world: World, deployment: Deployment, active: Side) {
  const { periodSeconds, badPeriods } = deployment.health;
  const { environment } = active.site;
  const now = world.clock.now();
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
): Promise<Probe<string | undefined>> {
  if (record === undefined) return { fault: 'error', detail: 'the current lineage is not known' };
  return probeStored(() => newestComplete(world, standby, deployment, record.activated));
}

export { readHeartbeat } from './heartbeats.ts';
