import type { ArtifactPlan, Pins } from '../domain/artifact-plan.ts';
import { planArtifacts, undeclaredPlan } from '../domain/artifact-planning.ts';
import type { ArtifactFacts } from '../domain/artifact-planning.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import type { Artifacts } from '../domain/policies.ts';
import type { World } from '../domain/ports.ts';
import { deployDags, deployPinned } from './artifacts-deploy.ts';
import type { ArtifactScene, ArtifactsSeen } from './artifacts-deploy.ts';
import { lookAtDags, lookAtPinned, readManifest } from './artifacts-look.ts';
import { undeclaredRows } from './artifacts-parity.ts';
import { readBundle } from './artifacts-source.ts';
import type { HeldLease } from './held-lease.ts';
import { bothSides } from './sides.ts';
import type { Side } from './sides.ts';

export type { ArtifactScene } from './artifacts-deploy.ts';

/**
 * The repository's artifacts beside what both sites have; changes nothing. Without artifacts in the file, only what
 * both environments read. Throws `MDR-ARTIFACT-FILE`, `MDR-ARTIFACT-MANIFEST`, and AwsFault when a Region does not
 * answer: what cannot be read is never "missing".
 */
export async function observeArtifacts(
  world: World,
  deployment: Deployment,
  scene: ArtifactScene,
): Promise<ArtifactPlan> {
  const { roles, settings } = scene;
  const sides = bothSides(world, deployment);
  const reader = (index: 0 | 1) => ({ side: sides[index], settings: settings[index] });
  const undeclared = await undeclaredRows(deployment.artifacts, reader(roles.active), reader(roles.standby));
  if (deployment.artifacts === undefined) return undeclaredPlan(undeclared);
  const { facts } = await look(world, deployment, deployment.artifacts, scene);
  return planArtifacts(deployment, roles, { ...facts, undeclared });
}

/**
 * Makes both buckets as the repository is. `before` the environments are updated: the pinned artifacts; the answer says
 * which version each environment is to read. `after`: the DAG files, deletions, and the manifest. Writes nothing that
 * is there already, and killed anywhere the next run ends the same; writes nothing once the lease is lost. Throws as {@link observeArtifacts}, and
 * `MDR-ARTIFACT-CONFLICT` when the plan is not of this repository or another run is at work, `MDR-ARTIFACT-STANDBY`.
 */
export async function deployArtifacts(
  world: World,
  deployment: Deployment,
  scene: ArtifactScene,
  plan: ArtifactPlan,
  phase: 'before' | 'after',
  lease: Pick<HeldLease, 'ensure'>,
): Promise<readonly [Pins, Pins]> {
  const { artifacts } = deployment;
  if (artifacts === undefined) return plan.pins;
  return world.log.group(phase === 'before' ? 'Deploy pinned artifacts' : 'Deploy DAG files', async () => {
    const seen = await look(world, deployment, artifacts, scene);
    requirePlanned(plan, seen.facts.bundle.digest);
    return phase === 'before' ? deployPinned(seen, lease) : deployDags(seen, lease);
  });
}

async function look(
  world: World,
  deployment: Deployment,
  artifacts: Artifacts,
  scene: ArtifactScene,
): Promise<ArtifactsSeen> {
  const sides = bothSides(world, deployment);
  const source = await readBundle(scene.repository, artifacts);
  const { bundle } = source;
  const loaded = await both(sides, (side) => readManifest(side, deployment));
  const manifests = [loaded[0]?.manifest, loaded[1]?.manifest] as const;
  const dags = await both(sides, (side) => lookAtDags(side, bundle, manifests));
  const pinned = await both(sides, (side) => lookAtPinned(side, deployment, bundle, scene.settings[side.index]));
  const facts: ArtifactFacts = { bundle, manifests, dags, pinned, undeclared: [] };
  return { world, deployment, artifacts, scene, sides, source, loaded, facts };
}

const both = <T>([first, second]: readonly [Side, Side], ask: (side: Side) => Promise<T>): Promise<[T, T]> =>
  Promise.all([ask(first), ask(second)]);

/** What was reviewed is what is deployed. */
function requirePlanned(plan: ArtifactPlan, bundle: string): void {
  if (plan.bundle === bundle) return;
  throw new MdrError({
    code: 'MDR-ARTIFACT-CONFLICT',
    message: `the plan is of the bundle ${plan.bundle ?? 'none'}, the repository holds ${bundle}`,
    fix: 'Plan again, from the commit that is checked out.',
    state: 'nothing was touched',
  });
}
