import { compareDags } from '../domain/artifact-compare.ts';
import { pinnedContent, pinsOf } from '../domain/artifact-pins.ts';
import { PINNED } from '../domain/artifact-plan.ts';
import type { Pinned, Pins } from '../domain/artifact-plan.ts';
import type { ArtifactFacts } from '../domain/artifact-planning.ts';
import { isManifestOf } from '../domain/bundle-manifest.ts';
import type { DeployedSite } from '../domain/bundle-manifest.ts';
import { pinnedKey } from '../domain/bundle.ts';
import type { BundleFile } from '../domain/bundle.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { Artifacts } from '../domain/policies.ts';
import type { RepositoryFiles, World } from '../domain/ports.ts';
import { isManaged } from '../domain/roles.ts';
import type { Roles } from '../domain/roles.ts';
import type { Settings } from '../domain/settings.ts';
import { deliver } from './artifacts-deliver.ts';
import type { ArtifactLease, Delivery } from './artifacts-deliver.ts';
import { abreast, lookAtDags, lookAtPinned } from './artifacts-look.ts';
import type { LoadedManifest } from './artifacts-look.ts';
import { announce, conclude } from './artifacts-manifest.ts';
import type { BundleSource } from './artifacts-source.ts';
import type { Side } from './sides.ts';

/** What artifacts are compared between. */
export interface ArtifactScene {
  readonly roles: Roles;
  readonly repository: RepositoryFiles;
  /** What both environments are set to, by site index; `undefined` = there is none. */
  readonly settings: readonly [Settings | undefined, Settings | undefined];
}

/** All that is known when work begins. */
export interface ArtifactsSeen {
  readonly world: World;
  readonly deployment: Deployment;
  readonly artifacts: Artifacts;
  readonly scene: ArtifactScene;
  readonly sides: readonly [Side, Side];
  readonly source: BundleSource;
  readonly loaded: readonly [LoadedManifest | undefined, LoadedManifest | undefined];
  readonly facts: ArtifactFacts;
}

/** Pinned artifacts at both sites; answers what each environment is to read from now on. */
export async function deployPinned(seen: ArtifactsSeen, lease: ArtifactLease): Promise<readonly [Pins, Pins]> {
  const { facts, source, deployment } = seen;
  const key = (name: Pinned) => pinnedKey(deployment.deployment, name);
  const deliveries = PINNED.flatMap((name): readonly Delivery[] => {
    const file = facts.bundle.pinned[name];
    if (file === undefined) return [];
    const isNeeded = (site: 0 | 1) => isOurs(seen, site) && pinnedContent(facts.pinned[site], name, file) !== 'same';
    return needed([key(name), key(name)], [isNeeded(0), isNeeded(1)], file, () => source.pinned(name, file));
  });
  await deliverAll(seen, lease, deliveries);
  return deliveries.length === 0 ? pins(seen, facts.pinned) : pins(seen, await pinnedNow(seen));
}

/** DAG files at both sites, then the deletions, and the manifest last. */
export async function deployDags(seen: ArtifactsSeen, lease: ArtifactLease): Promise<readonly [Pins, Pins]> {
  const { world, deployment, scene, sides, facts, loaded } = seen;
  const { bundle } = facts;
  const comparison = compareDags(bundle, facts.manifests, facts.dags, scene.roles.active);
  const deliveries = dagDeliveries(seen, comparison.uploads);
  // The active site first, if it is ours: its manifest rules.
  const managed = [sides[scene.roles.active], sides[scene.roles.standby]].filter(({ index }) => isOurs(seen, index));
  const [home] = managed;
  const deletions = managed.map((side) => ({ side, paths: comparison.deletions[side.index] }));
  const isSaid = managed.every(({ index }) => isManifestOf(facts.manifests[index], deployment.deployment, bundle));
  const isDone = deliveries.length === 0 && deletions.every(({ paths }) => paths.length === 0) && isSaid;
  if (home === undefined || isDone) return pins(seen, facts.pinned);
  const saying = { world, deployment, bundle, loaded, commit: scene.repository.commit };
  const uploads = managed.flatMap(({ index }) => comparison.uploads[index]);
  await lease.ensure();
  const before = uploads.length === 0 ? loaded[home.index] : await announce(saying, home, uploads);
  await deliverAll(seen, lease, deliveries);
  for (const { side, paths } of deletions) await deleteAll(world, side, lease, paths);
  const deployed = await deployedNow(seen);
  await lease.ensure();
  await conclude(saying, managed, before, deployed);
  return pins(seen, facts.pinned);
}

const isOurs = ({ deployment, scene }: ArtifactsSeen, site: 0 | 1): boolean =>
  isManaged(deployment.manage, scene.roles, site);

const deliverAll = (
  { world, sides, scene, artifacts: { replicationSeconds } }: ArtifactsSeen,
  lease: ArtifactLease,
  deliveries: readonly Delivery[],
) => {
  const [active, standby] = [sides[scene.roles.active], sides[scene.roles.standby]];
  return deliver({ world, lease, active, standby, replicationSeconds }, deliveries);
};

function needed(
  keys: Delivery['keys'],
  where: Delivery['needed'],
  { sha256, size }: BundleFile,
  content: Delivery['content'],
): readonly Delivery[] {
  return where.includes(true) ? [{ keys, needed: where, sha256, size, content }] : [];
}

function dagDeliveries(
  seen: ArtifactsSeen,
  uploads: readonly [readonly BundleFile[], readonly BundleFile[]],
): readonly Delivery[] {
  const { deployment, source, facts } = seen;
  const [first, second] = deployment.sites;
  const wanted = [new Set(uploads[0]), new Set(uploads[1])] as const;
  return (facts.bundle.dags?.files ?? []).flatMap((file) => {
    const keys = [`${first.dagsPath}/${file.path}`, `${second.dagsPath}/${file.path}`] as const;
    const where = [isOurs(seen, 0) && wanted[0].has(file), isOurs(seen, 1) && wanted[1].has(file)] as const;
    return needed(keys, where, file, () => source.dag(file));
  });
}

/** Replication does not carry deletions, so each bucket gets its own. */
async function deleteAll(
  world: World,
  { site, ports }: Side,
  lease: ArtifactLease,
  paths: readonly string[],
): Promise<void> {
  if (paths.length === 0) return;
  await lease.ensure();
  await abreast(paths, (path) => ports.objects.delete(site.dagsBucket, `${site.dagsPath}/${path}`));
  world.log.info(`${paths.length} file(s) deleted in ${site.dagsBucket}`);
}

async function pinnedNow({ sides, deployment, facts, scene }: ArtifactsSeen): Promise<ArtifactFacts['pinned']> {
  const look = (side: Side) => lookAtPinned(side, deployment, facts.bundle, scene.settings[side.index]);
  return Promise.all([look(sides[0]), look(sides[1])]);
}

const pins = ({ deployment, facts }: ArtifactsSeen, pinned: ArtifactFacts['pinned']): readonly [Pins, Pins] => [
  pinsOf(deployment.deployment, facts.bundle, pinned[0]),
  pinsOf(deployment.deployment, facts.bundle, pinned[1]),
];

/**
 * What the manifest remembers of each bucket, so that the next look needs no more than a list: the ETags of what is
 * proven to be right now, and of nothing else.
 */
async function deployedNow(seen: ArtifactsSeen): Promise<readonly [DeployedSite, DeployedSite]> {
  const now = pins(seen, seen.facts.pinned);
  const files = new Map(seen.facts.bundle.dags?.files.map(({ path, sha256 }) => [path, sha256]));
  const site = async (side: Side): Promise<DeployedSite> => {
    const { objects, sha256 } = await lookAtDags(side, seen.facts.bundle, seen.facts.manifests);
    const isRight = (path: string) => files.get(path) !== undefined && files.get(path) === sha256.get(path);
    const versions = Object.entries(now[side.index]).flatMap(([name, { version }]) =>
      version === undefined ? [] : [[name, version]],
    );
    return {
      etags: new Map([...objects].filter(([path]) => isRight(path)).map(([path, { etag }]) => [path, etag])),
      versions: Object.fromEntries(versions) as DeployedSite['versions'],
    };
  };
  return Promise.all([site(seen.sides[0]), site(seen.sides[1])]);
}
