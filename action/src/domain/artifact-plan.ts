import type { ArtifactRow } from './plan-model.ts';

/** Artifacts that an environment reads by object version: MWAA's members `…S3Path` and `…S3ObjectVersion`. */
export const PINNED = ['requirements', 'plugins', 'startupScript'] as const;
export type Pinned = (typeof PINNED)[number];

/** What one site's environment is to read. */
export interface Pin {
  /** Key in the DAGs bucket. */
  readonly key: string;
  /** Hex, of the content. */
  readonly sha256: string;
  /** The object version at this site that has this content; `undefined` = not there yet, it comes with the upload. */
  readonly version: string | undefined;
}
export type Pins = Readonly<Partial<Record<Pinned, Pin>>>;

/** One object to be written or deleted in a site's DAGs bucket. */
export interface ObjectChange {
  readonly kind: 'upload' | 'delete';
  readonly key: string;
  /** Path in the repository; '' of a deletion. */
  readonly path: string;
  readonly sha256: string;
}

/** The repository's artifacts beside what both buckets have. */
export interface ArtifactPlan {
  /** SHA-256 over all that the repository would deploy; `null` when the file declares no artifacts. */
  readonly bundle: string | null;
  readonly rows: readonly ArtifactRow[];
  /** Those of the rows' paths that others keep in the buckets: shown, and no part of the work. */
  readonly others: readonly string[];
  /** By site index. */
  readonly pins: readonly [Pins, Pins];
  /** What has to be done in each site's bucket before environments are updated: pinned artifacts. By site index. */
  readonly before: readonly [readonly ObjectChange[], readonly ObjectChange[]];
  /** What has to be done after them: DAG files and the bundle's manifest. By site index. */
  readonly after: readonly [readonly ObjectChange[], readonly ObjectChange[]];
}
