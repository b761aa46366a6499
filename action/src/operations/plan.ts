import type { ArtifactPlan } from '../domain/artifact-plan.ts';
import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { ruling } from '../domain/epoch.ts';
import { isFound, observationOf } from '../domain/observed.ts';
import type { SiteObservation } from '../domain/observed.ts';
import { planOf } from '../domain/planner.ts';
import type { PlannedWork } from '../domain/planner.ts';
import type { RepositoryFiles, World } from '../domain/ports.ts';
import { RELEASE } from '../domain/release.ts';
import { rolesOf } from '../domain/roles.ts';
import { observeArtifacts } from './artifacts.ts';
import type { ArtifactScene } from './artifacts.ts';
import { readControl } from './control.ts';
import { readHeartbeat } from './heartbeats.ts';
import { bothSides } from './sides.ts';
import type { Side } from './sides.ts';

export interface PlanSource {
  /** Of the deployment file, as the reader knows it. */
  readonly path: string;
  readonly deployment: Deployment;
  /** Where the artifacts are; without it they are left out. */
  readonly repository?: RepositoryFiles;
}

/** A plan with the artifacts that it is about. */
export interface ObservedPlan extends PlannedWork {
  readonly artifacts: ArtifactPlan | undefined;
  /** What the artifacts were compared between; for `deployArtifacts`. */
  readonly scene: ArtifactScene | undefined;
}

/**
 * Looks at both sites, by GetEnvironment and the control record of each, and plans. Changes nothing. A Region that does
 * not answer, refuses or throttles is thrown as what it is, {@link AwsFault}: it is never "missing". Throws
 * `MDR-CONTROL-INVALID`.
 */
export async function observePlan(world: World, { path, deployment, repository }: PlanSource): Promise<ObservedPlan> {
  const [first, second] = bothSides(world, deployment);
  const [observed, records] = await Promise.all([
    Promise.all([observeSite(first), observeSite(second)]),
    Promise.all([readControl(first, deployment), readControl(second, deployment)]),
  ]);
  const found = ruling(
    deployment,
    records.flatMap((loaded) => (loaded === undefined ? [] : [loaded.record])),
  );
  const record = (await isYetToBegin([first, second], deployment, found, observed)) ? undefined : found;
  const scene = repository && sceneOf(deployment, repository, record, observed);
  const artifacts = scene && (await observeArtifacts(world, deployment, scene));
  const at = world.clock.now();
  return { ...planOf({ deployment, file: path, at, tool: RELEASE, record, observed, artifacts }), artifacts, scene };
}

/**
 * Whether the deployment has records and has never run: the first records come before the first environments. A site
 * that was ever alive left its heartbeat in both buckets, and its loss is no beginning.
 */
async function isYetToBegin(
  sides: readonly [Side, Side],
  deployment: Deployment,
  record: ControlRecord | undefined,
  observed: readonly [SiteObservation, SiteObservation],
): Promise<boolean> {
  if (record?.epoch !== 0 || observed[0].status !== 'missing') return false;
  const beats = await Promise.all(sides.map((side) => readHeartbeat(side, deployment, sides[0].region)));
  return beats.every((beat) => beat === undefined);
}

const sceneOf = (
  deployment: Deployment,
  repository: RepositoryFiles,
  record: ControlRecord | undefined,
  [first, second]: readonly [SiteObservation, SiteObservation],
): ArtifactScene => ({
  roles: record === undefined ? { active: 0, standby: 1 } : rolesOf(deployment, record),
  repository,
  settings: [isFound(first) ? first.settings : undefined, isFound(second) ? second.settings : undefined],
});

/** What the environment of a site is now. Throws {@link AwsFault}. */
export const observeSite = async ({ ports, site }: Side): Promise<SiteObservation> =>
  observationOf(await ports.environments.describe(site.environment));
