import { announcementOf, bundleManifestOf } from '../domain/bundle-manifest.ts';
import type { BundleManifest, DeployedSite, Manifests } from '../domain/bundle-manifest.ts';
import type { Bundle, BundleFile } from '../domain/bundle.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { bundleKeys } from '../domain/names.ts';
import type { WriteCondition, World } from '../domain/ports.ts';
import { toStored } from '../domain/stored-json.ts';
import { readManifest } from './artifacts-look.ts';
import type { LoadedManifest, StoredManifest } from './artifacts-look.ts';
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
 * and keeps other runs out: only one can write over the manifest that both have read. Answers what is stored now.
 * Throws `MDR-ARTIFACT-CONFLICT`.
 */
export async function announce(saying: Saying, home: Side, uploads: readonly BundleFile[]): Promise<StoredManifest> {
  const { deployment } = saying;
  const manifest = announcementOf(deployment.deployment, by(saying), manifestsOf(saying), uploads);
  return replace(home, deployment, manifest, saying.loaded[home.index]);
}

/**
 * Says what is deployed now, at each of `sides`; the first of them rules, which must still hold `before`. Throws
 * `MDR-ARTIFACT-CONFLICT`.
 */
export async function conclude(
  saying: Saying,
  [home, ...others]: readonly Side[],
  before: StoredManifest | undefined,
  deployed: readonly [DeployedSite, DeployedSite],
): Promise<void> {
  const { deployment, bundle } = saying;
  const manifest = bundleManifestOf(deployment.deployment, bundle, by(saying), manifestsOf(saying), deployed);
  if (home !== undefined) await replace(home, deployment, manifest, before);
  const key = bundleKeys.manifest(deployment.deployment);
  for (const { site, ports } of others) await ports.objects.put(site.dagsBucket, key, toStored(manifest), 'any');
}

const by = ({ world, commit }: Saying) => ({ commit, actor: world.actor, at: world.clock.now() });
const manifestsOf = ({ loaded }: Saying): Manifests => [loaded[0]?.manifest, loaded[1]?.manifest];

const ATTEMPTS = 3;

/**
 * Writes over `before` and nothing else. A refused write may be our own, whose reply was lost, and what is there may be
 * the same as before under another ETag, when replication brought it back from the other site: the bytes say.
 */
async function replace(
  side: Side,
  deployment: Deployment,
  manifest: BundleManifest,
  before: StoredManifest | undefined,
): Promise<StoredManifest> {
  const key = bundleKeys.manifest(deployment.deployment);
  const bucket = side.site.dagsBucket;
  const text = toStored(manifest);
  let etag = before?.etag;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const written = await side.ports.objects.put(bucket, key, text, over(etag));
    if (written.written) return { text, etag: written.etag };
    const stored = await readManifest(side, deployment);
    if (stored?.text === text) return stored;
    if (stored?.text !== before?.text) break;
    etag = stored?.etag;
  }
  throw new MdrError({
    code: 'MDR-ARTIFACT-CONFLICT',
    message: `another run has written s3://${bucket}/${key} since we read it`,
    fix: 'Wait for the other run to end, then run again for the newest commit: it puts right what is not.',
    state: 'Files of both runs may be deployed.',
  });
}

const over = (etag: string | undefined): WriteCondition => (etag === undefined ? { ifAbsent: true } : { ifEtag: etag });
