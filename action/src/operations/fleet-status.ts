import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { parseDriftRecord } from '../domain/drift-record.ts';
import type { DriftRecord } from '../domain/drift-record.ts';
import { fleetLine, fleetStatus as resultOf, parseEvidence } from '../domain/fleet-status.ts';
import type { Evidence, FleetLine, FleetStatusResult } from '../domain/fleet-status.ts';
import type { Fleet } from '../domain/fleet.ts';
import { readSnapshotId, snapshotStamp } from '../domain/manifest.ts';
import { keys } from '../domain/names.ts';
import { parseObservations } from '../domain/observation.ts';
import type { Observations } from '../domain/observation.ts';
import type { Clock, World } from '../domain/ports.ts';
import { noRecord } from './control.ts';
import { eachDeployment } from './each-deployment.ts';
import { probeStored, sideOf } from './sides.ts';
import type { Side } from './sides.ts';
import { snapshotIds } from './snapshots.ts';
import { reachOf, readStanding } from './standing.ts';

/**
 * One line a deployment, from what is stored in its DR buckets: 12 reads of S3 each (10 before the first check and the
 * first move; 2 more, and some manifests, where the heartbeats leave open who is active), and nothing of MWAA's, which would throttle a fleet. Changes nothing.
 */
export async function fleetStatus(tools: Fleet & { readonly clock: Clock }): Promise<FleetStatusResult> {
  const { results, failures } = await eachDeployment(tools, (world, deployment, { path }) =>
    lineOf(world, deployment, path),
  );
  return resultOf(tools.clock.now(), results, failures);
}

async function lineOf(world: World, deployment: Deployment, file: string): Promise<FleetLine> {
  const { controls, standing } = await readStanding(world, deployment);
  if (standing === undefined) throw noRecord(deployment, controls);
  const { record, roles } = standing;
  const standby = sideOf(world, deployment, roles.standby);
  const now = world.clock.now();
  const active = deployment.sites[roles.active].region;
  const [observations, snapshot, evidence, drift] = await Promise.all([
    probeStored(() => newestObservations(standby, deployment, active)),
    probeStored(() => newestSnapshot(standby, deployment, record, now)),
    probeStored(() => newestEvidence(standby, deployment)),
    probeStored(() => lastDrift(standby, deployment)),
  ]);
  const unreadableControls = controls.flatMap((control) => ('fault' in control ? [control.detail] : []));
  return fleetLine({
    deployment,
    file,
    now,
    standing,
    reach: reachOf(controls),
    unreadableControls,
    observations,
    snapshot,
    evidence,
    drift,
  });
}

interface Stored {
  readonly where: string;
  readonly body: Uint8Array;
}

async function read({ ports, bucket }: Side, key: string): Promise<Stored | undefined> {
  const object = await ports.objects.get(bucket, key);
  return object && { where: `s3://${bucket}/${key}`, body: object.body };
}

/** The object below a prefix that was written last. */
async function newest(side: Side, prefix: string, suffix: string): Promise<Stored | undefined> {
  const listed = await side.ports.objects.list(side.bucket, prefix);
  const [last] = listed
    .filter(({ key }) => key.endsWith(suffix))
    .toSorted((a, b) => b.lastModified - a.lastModified || (a.key < b.key ? 1 : -1));
  return last && read(side, last.key);
}

async function newestObservations(
  standby: Side,
  { deployment }: Deployment,
  active: string,
): Promise<Observations | undefined> {
  const found = await newest(standby, keys.observationsPrefix(deployment, active), '.json');
  return found && parseObservations(found.body, found.where);
}

/** Of a move: a drill proves less. */
async function newestEvidence(standby: Side, { deployment }: Deployment): Promise<Evidence | undefined> {
  const found = await newest(standby, `${keys.evidencePrefix(deployment)}mv-`, '.json');
  return found && parseEvidence(found.body, found.where);
}

async function lastDrift(standby: Side, { deployment }: Deployment): Promise<DriftRecord | undefined> {
  const found = await read(standby, keys.drift(deployment));
  return found && parseDriftRecord(found.body, found.where);
}

/** By its manifest alone. First only the young ones are listed: a bucket may hold months of parts. */
async function newestSnapshot(
  standby: Side,
  deployment: Deployment,
  { activated }: ControlRecord,
  now: number,
): Promise<string | undefined> {
  const isCurrent = (id: string) => readSnapshotId(id)?.epoch === activated.epoch;
  const young = await snapshotIds(standby, deployment, {
    after: snapshotStamp(now - deployment.objectives.rpoSeconds * 1000),
  });
  return young.find(isCurrent) ?? (await snapshotIds(standby, deployment)).find(isCurrent);
}
