import type { ArtifactPlan } from '../domain/artifact-plan.ts';
import type { Deployment } from '../domain/deployment.ts';
import { ruling } from '../domain/epoch.ts';
import { observationOf } from '../domain/observed.ts';
import type { SiteObservation } from '../domain/observed.ts';
import { planOf } from '../domain/planner.ts';
import type { PlannedWork } from '../domain/planner.ts';
import type { World } from '../domain/ports.ts';
import { RELEASE } from '../domain/release.ts';
import { readControl } from './control.ts';
import { bothSides } from './sides.ts';
import type { Side } from './sides.ts';

export interface PlanSource {
  /** Of the deployment file, as the reader knows it. */
  readonly path: string;
  readonly deployment: Deployment;
}

/**
 * Looks at both sites, by GetEnvironment and the control record of each, and plans. Changes nothing. A Region that does
 * not answer, refuses or throttles is thrown as what it is, {@link AwsFault}: it is never "missing". Throws
 * `MDR-CONTROL-INVALID`.
 */
export async function observePlan(
  world: World,
  { path, deployment }: PlanSource,
  artifacts?: ArtifactPlan,
): Promise<PlannedWork> {
  const [first, second] = bothSides(world, deployment);
  const [observed, records] = await Promise.all([
    Promise.all([observeSite(first), observeSite(second)]),
    Promise.all([readControl(first, deployment), readControl(second, deployment)]),
  ]);
  const record = ruling(records.flatMap((loaded) => (loaded === undefined ? [] : [loaded.record])));
  return planOf({ deployment, file: path, at: world.clock.now(), tool: RELEASE, record, observed, artifacts });
}

/** What the environment of a site is now. Throws {@link AwsFault}. */
export const observeSite = async ({ ports, site }: Side): Promise<SiteObservation> =>
  observationOf(await ports.environments.describe(site.environment));
