import { unknownContents } from '../domain/artifact-compare.ts';
import type { SiteDags } from '../domain/artifact-compare.ts';
import { readsOf } from '../domain/artifact-pins.ts';
import type { PinnedAt, PinnedSite } from '../domain/artifact-pins.ts';
import { PINNED } from '../domain/artifact-plan.ts';
import type { Pinned } from '../domain/artifact-plan.ts';
import { parseBundleManifest, recordedAt } from '../domain/bundle-manifest.ts';
import type { BundleManifest, Manifests } from '../domain/bundle-manifest.ts';
import { isNeverOurs, pinnedKey } from '../domain/bundle.ts';
import type { Bundle } from '../domain/bundle.ts';
import type { Deployment } from '../domain/deployment.ts';
import { bundleKeys } from '../domain/names.ts';
import type { ObjectHead } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import type { Side } from './sides.ts';

/** Calls under way at once. */
const ABREAST = 8;

/** As `Promise.all`, a few at a time. */
export async function abreast<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += ABREAST) {
    results.push(...(await Promise.all(items.slice(at, at + ABREAST).map(act))));
  }
  return results;
}

/** A manifest as it is stored. */
export interface StoredManifest {
  readonly text: string;
  readonly etag: string;
}

export interface LoadedManifest extends StoredManifest {
  readonly manifest: BundleManifest;
}

/** The manifest in the DAGs bucket of `side`. Throws `MDR-ARTIFACT-MANIFEST`. */
export async function readManifest({ site, ports }: Side, deployment: Deployment): Promise<LoadedManifest | undefined> {
  const key = bundleKeys.manifest(deployment.deployment);
  const object = await ports.objects.get(site.dagsBucket, key);
  if (object === undefined) return undefined;
  const where = `s3://${site.dagsBucket}/${key}`;
  const text = new TextDecoder().decode(object.body);
  return { manifest: parseBundleManifest(object.body, where, deployment.deployment), text, etag: object.etag };
}

async function listDags({ site, ports }: Side): Promise<SiteDags['objects']> {
  const prefix = `${site.dagsPath}/`;
  const objects = await ports.objects.list(site.dagsBucket, prefix);
  return new Map(
    objects
      .map(({ key, size, etag }) => [key.slice(prefix.length), { size, etag }] as const)
      .filter(([path]) => path !== '' && !path.endsWith('/') && !isNeverOurs(path)),
  );
}

/**
 * The DAG files of a site with their contents, without reading them where that can be helped: an ETag that the manifest
 * recorded, or that is the MD5 of the file in the repository, says what the object holds; then S3's own checksum does;
 * only an object without one is read.
 */
export async function lookAtDags(side: Side, bundle: Bundle, manifests: Manifests): Promise<SiteDags> {
  if (bundle.dags === undefined) return { objects: new Map(), sha256: new Map() };
  const objects = await listDags(side);
  const sha256 = new Map<string, string>();
  const recorded = recordedAt(manifests, side.index);
  const files = new Map(bundle.dags.files.map((file) => [file.path, file]));
  for (const [path, { etag }] of objects) {
    const file = files.get(path);
    const known = file !== undefined && etag === `"${file.md5}"` ? file.sha256 : recorded(path, etag);
    if (known !== undefined) sha256.set(path, known);
  }
  await abreast(unknownContents(bundle, manifests, objects, sha256), async (path) => {
    const key = `${side.site.dagsPath}/${path}`;
    const content = await contentOf(side, key);
    if (content !== undefined) sha256.set(path, content.sha256);
  });
  return { objects, sha256 };
}

/** Version and content of an object, or of one version of it; `undefined` when there is none. */
export async function contentOf(
  { site, ports }: Side,
  key: string,
  version?: string,
): Promise<(ObjectHead & { readonly sha256: string }) | undefined> {
  const head = await ports.objects.head(site.dagsBucket, key, version);
  if (head === undefined) return undefined;
  const read = head.sha256 === undefined ? await ports.objects.sha256(site.dagsBucket, key, head.version) : undefined;
  const sha256 = head.sha256 ?? read?.sha256;
  return sha256 === undefined ? undefined : { ...head, sha256 };
}

/** The pinned artifacts of our keys at a site: what is there, and what its environment reads. */
export async function lookAtPinned(
  side: Side,
  deployment: Deployment,
  bundle: Bundle,
  settings: Settings | undefined,
): Promise<PinnedSite> {
  const declared = PINNED.filter((name) => bundle.pinned[name] !== undefined);
  const look = async (name: Pinned): Promise<readonly [Pinned, PinnedAt]> => {
    const key = pinnedKey(deployment.deployment, name);
    const current = await contentOf(side, key);
    const reads = readsOf(settings, name);
    const version = reads?.key === key ? reads.version : undefined;
    if (version === undefined) return [name, { current, read: undefined }];
    return [name, { current, read: version === current?.version ? current : await contentOf(side, key, version) }];
  };
  return Object.fromEntries(await Promise.all(declared.map(look)));
}
