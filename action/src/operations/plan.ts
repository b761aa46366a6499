import type { ArtifactPlan } from '../domain/artifact-plan.ts';
import type { Deployment } from '../domain/deployment.ts';
import { isFound, observationOf } from '../domain/observed.ts';
import type { SiteObservation } from '../domain/observed.ts';
import { planOf } from '../domain/planner.ts';
import type { PlannedWork } from '../domain/planner.ts';
import type { RepositoryFiles, World } from '../domain/ports.ts';
import { RELEASE } from '../domain/release.ts';
import type { Standing } from '../domain/standing.ts';
import { observeArtifacts } from './artifacts.ts';
import type { ArtifactScene } from './artifacts.ts';
import { bothSides } from './sides.ts';
import type { Side } from './sides.ts';
import { insistOnStanding } from './standing.ts';

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
 * Looks at both sites, by GetEnvironment, the control record and the heartbeats of each, and plans. Changes nothing. A Region that does
 * not answer, refuses or throttles is thrown as what it is, {@link AwsFault}: it is never "missing". Throws
 * `MDR-CONTROL-INVALID`.
 */
export async function observePlan(world: World, { path, deployment, repository }: PlanSource): Promise<ObservedPlan> {
  const [first, second] = bothSides(world, deployment);
  const [observed, standing] = await Promise.all([
    Promise.all([observeSite(first), observeSite(second)]),
    insistOnStanding(world, deployment),
  ]);
  const begun = standing !== undefined && isYetToBegin(standing, observed) ? undefined : standing;
  const record = begun?.record;
  const scene = repository && sceneOf(repository, begun, observed);
  const artifacts = scene && (await observeArtifacts(world, deployment, scene));
  const at = world.clock.now();
  return { ...planOf({ deployment, file: path, at, tool: RELEASE, record, observed, artifacts }), artifacts, scene };
}

/**
 * Whether the deployment has records and has never run: the first records come before the first environments. A site
 * that was ever alive left its heartbeat in both buckets, and its loss is no beginning.
 */
const isYetToBegin = ({ record, beats }: Standing, [first]: readonly [SiteObservation, SiteObservation]): boolean =>
  record.epoch === 0 && first.status === 'missing' && beats[0] === undefined;

const sceneOf = (
  repository: RepositoryFiles,
  standing: Standing | undefined,
  [first, second]: readonly [SiteObservation, SiteObservation],
): ArtifactScene => ({
  roles: standing?.roles ?? { active: 0, standby: 1 },
  repository,
  settings: [isFound(first) ? first.settings : undefined, isFound(second) ? second.settings : undefined],
});

/** What the environment of a site is now. Throws {@link AwsFault}. */
export const observeSite = async ({ ports, site }: Side): Promise<SiteObservation> =>
  observationOf(await ports.environments.describe(site.environment));
