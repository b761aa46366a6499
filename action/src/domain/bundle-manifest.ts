import { z } from 'zod';
import { PINNED } from './artifact-plan.ts';
import type { Pinned } from './artifact-plan.ts';
import { pinnedKey } from './bundle.ts';
import type { Bundle, BundleFile } from './bundle.ts';
import { MdrError } from './errors.ts';
import { instant, iso, millis, parseStored, versioned } from './stored-json.ts';

const hex = z.string().regex(/^[0-9a-f]{64}$/);
/** One value for each site, in the deployment file's order; `null` = not known there. */
const each = z.tuple([z.string().nullable(), z.string().nullable()]);

const file = z.object({ path: z.string(), sha256: hex, size: z.int().min(0), etags: each });
const pinnedFile = z.object({ key: z.string(), sha256: hex, size: z.int().min(0), versions: each });
const tombstone = z.object({ path: z.string(), sha256: hex, deletedAt: instant, commit: z.string().nullable() });

const pendingFile = z.object({ path: z.string(), sha256: hex });

/** What was deployed: `mwaadr/<deployment>/bundle.json` in both DAGs buckets, the same bytes. */
const bundleManifest = z.object({
  ...versioned,
  deployment: z.string(),
  /** `null` until a first deployment is complete. */
  bundle: hex.nullable(),
  dags: hex.nullable(),
  commit: z.string().nullable(),
  actor: z.string(),
  at: instant,
  files: z.array(file),
  pinned: z.partialRecord(z.enum(PINNED), pinnedFile),
  tombstones: z.array(tombstone),
  /** Announced before they are written: whoever died over them leaves no file that nobody knows to be ours. */
  pending: z.array(pendingFile).default([]),
});

export type BundleManifest = Readonly<z.infer<typeof bundleManifest>>;
export type Tombstone = Readonly<z.infer<typeof tombstone>>;
/** By site index; `undefined` where there is none. */
export type Manifests = readonly [BundleManifest | undefined, BundleManifest | undefined];

/** How long a late copy of a deleted file is still known as one. */
const TOMBSTONE_LASTS = 365 * 86_400_000;

/** Throws {@link MdrError} `MDR-ARTIFACT-MANIFEST`; also when it is another deployment's. */
export function parseBundleManifest(body: Uint8Array, where: string, deployment: string): BundleManifest {
  const manifest = parseStored(bundleManifest, body, where, 'MDR-ARTIFACT-MANIFEST');
  if (manifest.deployment === deployment) return manifest;
  throw new MdrError({
    code: 'MDR-ARTIFACT-MANIFEST',
    message: `${where} is the manifest of ${manifest.deployment}, not of ${deployment}`,
    fix: `Bring back the last version of ${where} that belongs to ${deployment}.`,
    state: 'nothing was touched',
  });
}

/** The later of the two: after a death between two writes one of them lags. */
const latest = (manifests: Manifests): BundleManifest | undefined =>
  manifests.flatMap((manifest) => manifest ?? []).toSorted((a, b) => millis(b.at) - millis(a.at))[0];

/**
 * SHA-256 of every content that we have deployed, or meant to, under paths that are not in the repository any more. An
 * object there is ours to delete if it has one of them, or if {@link deployedPaths} names it whatever it holds.
 */
export function deletedPaths(bundle: Bundle, manifests: Manifests): ReadonlyMap<string, ReadonlySet<string>> {
  const kept = new Set(bundle.dags?.files.map(({ path }) => path));
  const deleted = new Map<string, Set<string>>();
  const known = manifests.flatMap((manifest) =>
    manifest === undefined ? [] : [...manifest.files, ...manifest.tombstones, ...manifest.pending],
  );
  for (const { path, sha256 } of bundle.dags === undefined ? [] : known) {
    if (!kept.has(path)) deleted.set(path, (deleted.get(path) ?? new Set()).add(sha256));
  }
  return deleted;
}

/**
 * Paths that the last manifest names as deployed: ours even when somebody has changed them by hand. While the file
 * declares no DAGs they may have become somebody else's: from then on only their content tells.
 */
export function deployedPaths(manifests: Manifests): ReadonlySet<string> {
  const last = latest(manifests);
  return new Set(last?.dags === null ? [] : last?.files.map(({ path }) => path));
}

/** SHA-256 of the object of a path at a site, when a manifest recorded it under just this ETag; else `undefined`. */
export type RecordedSha = (path: string, etag: string) => string | undefined;

export function recordedAt(manifests: Manifests, site: 0 | 1): RecordedSha {
  const recorded = new Map<string, string>();
  for (const { path, sha256, etags } of manifests.flatMap((manifest) => manifest?.files ?? [])) {
    recorded.set(`${path}\n${etags[site] ?? ''}`, sha256);
  }
  return (path, etag) => recorded.get(`${path}\n${etag}`);
}

/** Whether a manifest says all that there is to say once this bundle is deployed. */
export function isManifestOf(manifest: BundleManifest | undefined, deployment: string, bundle: Bundle): boolean {
  if (manifest?.bundle !== bundle.digest) return false;
  const { dags } = bundle;
  if (dags !== undefined && (manifest.pending.length > 0 || manifest.files.length !== dags.files.length)) return false;
  const keys = PINNED.filter((pinned) => bundle.pinned[pinned] !== undefined);
  return keys.every((pinned) => manifest.pinned[pinned]?.key === pinnedKey(deployment, pinned));
}

/** What a site's bucket has after the deployment. */
export interface DeployedSite {
  /** ETags by path below the DAGs folder. */
  readonly etags: ReadonlyMap<string, string>;
  readonly versions: Readonly<Partial<Record<Pinned, string>>>;
}

export function bundleManifestOf(
  deployment: string,
  bundle: Bundle,
  by: { readonly commit: string | null; readonly actor: string; readonly at: number },
  manifests: Manifests,
  [first, second]: readonly [DeployedSite, DeployedSite],
): BundleManifest {
  const etags = (path: string): Etags => [first.etags.get(path) ?? null, second.etags.get(path) ?? null];
  const pinnedOf = (pinned: Pinned, { sha256, size }: BundleFile) => ({
    key: pinnedKey(deployment, pinned),
    sha256,
    size,
    versions: [first.versions[pinned] ?? null, second.versions[pinned] ?? null] as [string | null, string | null],
  });
  return {
    schemaVersion: 1,
    deployment,
    bundle: bundle.digest,
    dags: bundle.dags?.digest ?? null,
    commit: by.commit,
    actor: by.actor,
    at: iso(by.at),
    pinned: Object.fromEntries(
      PINNED.flatMap((pinned) => {
        const artifact = bundle.pinned[pinned];
        return artifact === undefined ? [] : [[pinned, pinnedOf(pinned, artifact)]];
      }),
    ),
    ...filesOf(bundle, manifests, by, etags),
  };
}

type Etags = [string | null, string | null];

/** A deployment file without DAGs takes nothing away of what we know: it may name them again one day. */
function filesOf(
  bundle: Bundle,
  manifests: Manifests,
  by: { readonly commit: string | null; readonly at: number },
  etags: (path: string) => Etags,
): Pick<BundleManifest, 'files' | 'tombstones' | 'pending'> {
  if (bundle.dags === undefined) {
    const { files = [], tombstones = [], pending = [] } = latest(manifests) ?? {};
    return { files, tombstones, pending };
  }
  return {
    files: bundle.dags.files.map(({ path, sha256, size }) => ({ path, sha256, size, etags: etags(path) })),
    tombstones: tombstonesOf(bundle, manifests, by),
    pending: [],
  };
}

/** The last manifest with what is about to be written; all that it knew stays known. */
export function announcementOf(
  deployment: string,
  by: { readonly commit: string | null; readonly actor: string; readonly at: number },
  manifests: Manifests,
  uploads: readonly { readonly path: string; readonly sha256: string }[],
): BundleManifest {
  const nothing = { bundle: null, dags: null, files: [], pinned: {}, tombstones: [] };
  const before = latest(manifests) ?? nothing;
  const pending = manifests.flatMap((manifest) => manifest?.pending ?? []);
  const isNew = ({ path, sha256 }: { path: string; sha256: string }) =>
    !pending.some((one) => one.path === path && one.sha256 === sha256);
  const files = uploads.map(({ path, sha256 }) => ({ path, sha256 })).filter(isNew);
  return { ...before, schemaVersion: 1, deployment, ...by, at: iso(by.at), pending: [...pending, ...files] };
}

/** Those of both manifests that still count, and one for each file that has left the repository since. */
function tombstonesOf(
  bundle: Bundle,
  manifests: Manifests,
  { commit, at }: { readonly commit: string | null; readonly at: number },
): Tombstone[] {
  const kept = new Map<string, Tombstone>();
  const old = manifests.flatMap((manifest) => manifest?.tombstones ?? []);
  for (const [path, contents] of deletedPaths(bundle, manifests)) {
    for (const sha256 of contents) {
      const before = old.find((one) => one.path === path && one.sha256 === sha256);
      kept.set(`${path} ${sha256}`, before ?? { path, sha256, deletedAt: iso(at), commit });
    }
  }
  return [...kept.values()]
    .filter(({ deletedAt }) => at - millis(deletedAt) < TOMBSTONE_LASTS)
    .toSorted((a, b) => (`${a.path} ${a.sha256}` < `${b.path} ${b.sha256}` ? -1 : 1));
}
