import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { deriveKey, manifestMac, sameHex, unsealPart } from './envelope.ts';
import { MdrError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import type { Manifest, Part, Wrap } from './manifest.ts';
import { keys } from './names.ts';

/** The KMS encryption context of a snapshot's data key. */
export const snapshotContext = (deployment: string, snapshot: string): Record<string, string> => ({
  'mwaadr:deployment': deployment,
  'mwaadr:snapshot': snapshot,
});

export interface PlacedPart {
  readonly table: string;
  readonly part: Part;
  /** Key of the object, relative to the snapshot. */
  readonly path: string;
}

/** The key of an object of a snapshot, as a person finds it in either DR bucket. */
const objectOf = ({ deployment, id }: Manifest, path: string): string => `${keys.snapshots(deployment)}${id}/${path}`;

export const partsOf = (manifest: Manifest): readonly PlacedPart[] =>
  manifest.tables.flatMap((table) =>
    table.parts.map((part) => ({ table: table.name, part, path: `${table.name}/${part.name}` })),
  );

/** Throws {@link MdrError}: a snapshot that is not what it says must not be restored. */
export function refuseSnapshot(code: ErrorCode, snapshot: string, message: string, cause?: unknown): MdrError {
  return new MdrError({
    code,
    message: `the snapshot ${snapshot} does not verify: ${message}`,
    fix: 'Name an older snapshot that `verify` accepts (input `snapshot`), or take a new one while the active site lives.',
    state: 'nothing was touched',
    cause,
  });
}

/** The wrap that `region` can open. Throws `MDR-SNAPSHOT-KEY` unless the wraps of all `regions` are there. */
export function requireWrap(manifest: Manifest, regions: readonly string[], region: string): Wrap {
  const missing = regions.filter((name) => !manifest.wraps.some((wrap) => wrap.region === name));
  const wrap = manifest.wraps.find((candidate) => candidate.region === region);
  if (wrap !== undefined && missing.length === 0) return wrap;
  throw refuseSnapshot(
    'MDR-SNAPSHOT-KEY',
    manifest.id,
    `its data key is not wrapped by the key of ${missing.join(' and ')}`,
  );
}

/** Throws `MDR-SNAPSHOT-MANIFEST` when the manifest's MAC is not the one that its data key makes. */
export function requireMac(manifest: Manifest, raw: Readonly<Record<string, unknown>>, dataKey: Uint8Array): void {
  if (!sameHex(manifestMac(dataKey, raw), manifest.mac)) {
    throw refuseSnapshot(
      'MDR-SNAPSHOT-MANIFEST',
      manifest.id,
      `the MAC of ${objectOf(manifest, 'manifest.json')} is wrong`,
    );
  }
}

/** Throws `MDR-SNAPSHOT-PART` when the object is missing or is not the one that the manifest names. */
export function requirePart(
  manifest: Manifest,
  { path, part }: PlacedPart,
  found: { readonly sha256: string; readonly size: number } | undefined,
): void {
  if (found === undefined)
    throw refuseSnapshot('MDR-SNAPSHOT-PART', manifest.id, `${objectOf(manifest, path)} is missing`);
  if (found.size === part.bytes && sameHex(found.sha256, part.sha256)) return;
  throw refuseSnapshot(
    'MDR-SNAPSHOT-PART',
    manifest.id,
    `${objectOf(manifest, path)} has ${found.size} bytes and SHA-256 ${found.sha256}, not ${part.bytes} and ${part.sha256}`,
  );
}

/** Proves that the data key opens a part. Throws `MDR-SNAPSHOT-PART`. */
export function requireReadable(
  manifest: Manifest,
  { table, path, part }: PlacedPart,
  body: Uint8Array,
  dataKey: Uint8Array,
) {
  try {
    const associated = `${manifest.deployment}/${manifest.id}/${table}/${part.name}`;
    const packed = unsealPart(deriveKey(dataKey, 'mwaadr/parts/v1'), body, associated);
    if (manifest.compression === 'zstd') zstdDecompressSync(packed);
    else gunzipSync(packed);
  } catch (cause) {
    throw refuseSnapshot(
      'MDR-SNAPSHOT-PART',
      manifest.id,
      `${objectOf(manifest, path)} cannot be decrypted and unpacked`,
      cause,
    );
  }
}
