import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { Inputs } from '../domain/inputs.ts';
import { readSnapshotId } from '../domain/manifest.ts';
import type { World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';
import type { ListedSnapshot, SiteStatus, StatusResult } from '../domain/results.ts';
import { iso, millis } from '../domain/stored-json.ts';
import { noRecord } from './control.ts';
import type { LoadedControl } from './control.ts';
import { readHeartbeat } from './heartbeats.ts';
import { probe, probeStored, sideOf } from './sides.ts';
import type { Side } from './sides.ts';
import { snapshotIds } from './snapshots.ts';
import { readStanding } from './standing.ts';

/** Who is active since when, what is under way or owed, and what could be restored. Changes nothing. */
export async function status(world: World, deployment: Deployment, _inputs: Inputs<'status'>): Promise<StatusResult> {
  const { controls, standing } = await readStanding(world, deployment);
  if (standing === undefined) throw noRecord(deployment, controls);
  const { record, roles, move, lease } = standing;
  const active = sideOf(world, deployment, roles.active);
  const standby = sideOf(world, deployment, roles.standby);
  const snapshots = await newest(deployment, record, standby, active);
  const current = snapshots.find(({ deadBranch }) => !deadBranch);
  const now = world.clock.now();
  return {
    operation: 'status',
    deployment: deployment.deployment,
    at: iso(now),
    active: active.region,
    standby: standby.region,
    epoch: record.epoch,
    phase: record.phase,
    lease,
    move,
    debts: record.debts,
    rpo: {
      objectiveSeconds: deployment.objectives.rpoSeconds,
      measuredSeconds: current === undefined ? null : Math.round((now - millis(current.takenAt)) / 1000),
    },
    sites: [
      await siteStatus(world, deployment, sideOf(world, deployment, 0), roles.active === 0, controls[0]),
      await siteStatus(world, deployment, sideOf(world, deployment, 1), roles.active === 1, controls[1]),
    ],
    snapshots,
  };
}

const LISTED = 10;

async function newest(
  deployment: Deployment,
  { activated }: ControlRecord,
  standby: Side,
  active: Side,
): Promise<readonly ListedSnapshot[]> {
  const there = await probe(() => snapshotIds(standby, deployment));
  const found = 'answer' in there ? there : await probe(() => snapshotIds(active, deployment));
  const ids = 'answer' in found ? found.answer : [];
  return ids.slice(0, LISTED).flatMap((id) => {
    const parts = readSnapshotId(id);
    if (parts === undefined) return [];
    return [{ id, takenAt: iso(parts.at), epoch: parts.epoch, deadBranch: parts.epoch !== activated.epoch }];
  });
}

async function siteStatus(
  world: World,
  deployment: Deployment,
  side: Side,
  isActive: boolean,
  control: Probe<LoadedControl | undefined>,
): Promise<SiteStatus> {
  const environment = await probe(() => side.ports.environments.describe(side.site.environment));
  return {
    region: side.region,
    environment: side.site.environment,
    role: isActive ? 'active' : 'standby',
    status: 'answer' in environment ? (environment.answer?.status ?? 'missing') : `unreadable: ${environment.fault}`,
    heartbeat: await newestBeat(world, deployment, side),
    control: describeControl(control),
  };
}

/** The newest of the two copies: a site that is dark may still have written into its peer's bucket. */
async function newestBeat(world: World, deployment: Deployment, side: Side): Promise<SiteStatus['heartbeat']> {
  const sides = [sideOf(world, deployment, 0), sideOf(world, deployment, 1)];
  const read = await Promise.all(sides.map((from) => probeStored(() => readHeartbeat(from, deployment, side.region))));
  const [beat] = read
    .flatMap((copy) => ('answer' in copy && copy.answer !== undefined ? [copy.answer] : []))
    .toSorted((a, b) => millis(b.at) - millis(a.at));
  if (beat === undefined) return undefined;
  const ageSeconds = Math.round(beat.ageMilliseconds / 1000);
  return { at: beat.at, ageSeconds, role: beat.role, epoch: beat.epoch };
}

function describeControl(control: Probe<LoadedControl | undefined>): string {
  if ('fault' in control) return `unreadable: ${control.fault}`;
  if (control.answer === undefined) return 'missing';
  const { epoch, phase } = control.answer.record;
  return `epoch ${epoch}, ${phase}`;
}
