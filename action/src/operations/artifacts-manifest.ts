import { announcementOf, bundleManifestOf } from '../domain/bundle-manifest.ts';
import type { BundleManifest, DeployedSite, Manifests } from '../domain/bundle-manifest.ts';
import type { Bundle, BundleFile } from '../domain/bundle.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import { bundleKeys } from '../domain/names.ts';
import type { WriteCondition, World } from '../domain/ports.ts';
import { toStored } from '../domain/stored-json.ts';
import type { LoadedManifest } from './artifacts-look.ts';
import type { Side } from './sides.ts';

/** One deployment of a bundle, as its manifests have to say it. */
export interface Saying {
  readonly world: World;
  readonly deployment: Deployment;
  readonly commit: string | null;
  readonly bundle: Bundle;
  /** What was read at both sites, by site index. */
  readonly loaded: readonly [LoadedManifest | undefined, LoadedManifest | undefined];
}

/**
 * Says what is about to be written, in the bucket of `home`, so that no death leaves a file of ours that nobody knows;
 * and keeps other runs out: only one can write over the manifest that both have read. Answers the new ETag. Throws
 * `MDR-ARTIFACT-CONFLICT`.
 */
export async function announce(saying: Saying, home: Side, uploads: readonly BundleFile[]): Promise<string> {
  const { deployment } = saying;
  const manifest = announcementOf(deployment.deployment, by(saying), manifestsOf(saying), uploads);
  return write(home, deployment, manifest, over(saying.loaded[home.index]?.etag));
}

/**
 * Says what is deployed now, at each of `sides`; the first of them rules, whose ETag must be `etag` (`undefined` = no
 * manifest) as it was. Throws `MDR-ARTIFACT-CONFLICT`.
 */
export async function conclude(
  saying: Saying,
  sides: readonly Side[],
  etag: string | undefined,
  deployed: readonly [DeployedSite, DeployedSite],
): Promise<void> {
  const { deployment, bundle } = saying;
  const manifest = bundleManifestOf(deployment.deployment, bundle, by(saying), manifestsOf(saying), deployed);
  for (const [index, side] of sides.entries())
    await write(side, deployment, manifest, index === 0 ? over(etag) : 'any');
}

const by = ({ world, commit }: Saying) => ({ commit, actor: world.actor, at: world.clock.now() });
const manifestsOf = ({ loaded }: Saying): Manifests => [loaded[0]?.manifest, loaded[1]?.manifest];
const over = (etag: string | undefined): WriteCondition => (etag === undefined ? { ifAbsent: true } : { ifEtag: etag });

/** The manifest's new ETag. A refused write may be our own, whose reply was lost: the bytes say. */
async function write(
  { site, ports }: Side,
  deployment: Deployment,
  manifest: BundleManifest,
  when: WriteCondition,
): Promise<string> {
  const key = bundleKeys.manifest(deployment.deployment);
  const body = toStored(manifest);
  const ours = async (): Promise<string | undefined> => {
    const stored = await ports.objects.get(site.dagsBucket, key);
    return stored !== undefined && new TextDecoder().decode(stored.body) === body ? stored.etag : undefined;
  };
  try {
    const result = await ports.objects.put(site.dagsBucket, key, body, when);
    if (result.written) return result.etag;
  } catch (error) {
    const etag = error instanceof AwsFault ? await ours().catch(() => undefined) : undefined;
    if (etag === undefined) throw error;
    return etag;
  }
  const etag = await ours();
  if (etag !== undefined) return etag;
  throw new MdrError({
    code: 'MDR-ARTIFACT-CONFLICT',
    message: `another run has written s3://${site.dagsBucket}/${key} since we read it`,
    fix: 'Wait for the other run to end, then run again for the newest commit: it puts right what is not.',
    state: 'Files of both runs may be deployed.',
  });
}
