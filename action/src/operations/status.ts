import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment, SiteIndex } from '../domain/deployment.ts';
import { isUselessBy } from '../domain/environment-change.ts';
import { permissionBy, standingFindings, standingNotes } from '../domain/standing-findings.ts';
import type { StoredBeat } from '../domain/heartbeat.ts';
import type { Inputs } from '../domain/inputs.ts';
import { readSnapshotId } from '../domain/manifest.ts';
import type { EnvironmentDescription, World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';
import type { ListedSnapshot, SiteStatus, StatusResult } from '../domain/results.ts';
import type { Standing } from '../domain/standing.ts';
import { iso, secondsBetween } from '../domain/stored-json.ts';
import { noRecord, timeOf } from './control.ts';
import type { LoadedControl } from './control.ts';
import { bothSides, probe, sideOf } from './sides.ts';
import type { Side } from './sides.ts';
import { newestComplete } from './newest-whole.ts';
import { restorableAt } from './restorable.ts';
import { snapshotIds } from './snapshots.ts';
import { reachOf, readStanding } from './standing.ts';

/** Who is active since when, what is under way or owed, and what could be restored. Changes nothing. */
export async function status(world: World, deployment: Deployment, _inputs: Inputs<'status'>): Promise<StatusResult> {
  const { controls, standing } = await readStanding(world, deployment);
  if (standing === undefined) throw noRecord(deployment, controls);
  const { record, roles, move, lease, nobodyActive } = standing;
  const sides = bothSides(world, deployment);
  const restorable = nobodyActive ? await restorableAt(world, sides, deployment, record.activated) : undefined;
  const facts = { deployment, standing, reach: reachOf(controls), ...(restorable && { restorable }) };
  const active = sideOf(world, deployment, roles.active);
  const standby = sideOf(world, deployment, roles.standby);
  const snapshots = await newest(deployment, record, standby, active);
  const whole = await probe(() => newestComplete(world, standby, deployment, record.activated));
  const taken = 'answer' in whole && whole.answer !== undefined ? readSnapshotId(whole.answer) : undefined;
  const environments = [await environmentOf(sides[0]), await environmentOf(sides[1])] as const;
  const now = timeOf(world, controls).at;
  const isUselessAt = (site: SiteIndex): boolean => isUselessBy(environments[site], standing, site, now);
  return {
    operation: 'status',
    deployment: deployment.deployment,
    at: iso(now),
    active: active.region,
    standby: standby.region,
    nobodyActive,
    findings: standingFindings(facts, permissionBy(facts), undefined, [isUselessAt(0), isUselessAt(1)]),
    notes: standingNotes(facts),
    epoch: record.epoch,
    phase: record.phase,
    lease,
    move,
    debts: record.debts,
    rpo: {
      objectiveSeconds: deployment.objectives.rpoSeconds,
      measuredSeconds: taken === undefined ? null : secondsBetween(iso(taken.at), iso(now)),
    },
    sites: [
      siteStatus(standing, sides[0], environments[0], controls[0]),
      siteStatus(standing, sides[1], environments[1], controls[1]),
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

const environmentOf = (side: Side): Promise<Probe<EnvironmentDescription | undefined>> =>
  probe(() => side.ports.environments.describe(side.site.environment));

function siteStatus(
  { roles, nobodyActive, beats }: Standing,
  side: Side,
  environment: Probe<EnvironmentDescription | undefined>,
  control: Probe<LoadedControl | undefined>,
): SiteStatus {
  return {
    region: side.region,
    environment: side.site.environment,
    role: roles.active === side.index && !nobodyActive ? 'active' : 'standby',
    status: 'answer' in environment ? (environment.answer?.status ?? 'missing') : `unreadable: ${environment.fault}`,
    heartbeat: beatOf(beats[side.index]),
    control: describeControl(control),
  };
}

const beatOf = (beat: StoredBeat | undefined): SiteStatus['heartbeat'] =>
  beat && {
    at: beat.at,
    ageSeconds: Math.round(beat.ageMilliseconds / 1000),
    role: beat.role,
    epoch: beat.epoch,
  };

function describeControl(control: Probe<LoadedControl | undefined>): string {
  if ('fault' in control) return `unreadable: ${control.fault}`;
  if (control.answer === undefined) return 'missing';
  const { epoch, phase } = control.answer.record;
  return `epoch ${epoch}, ${phase}`;
}
