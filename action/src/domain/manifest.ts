import { z } from 'zod';
import { instant, parseStored, versioned } from './stored-json.ts';

const wrap = z.object({ region: z.string(), keyArn: z.string(), ciphertext: z.base64() });

const part = z.object({ name: z.string(), rows: z.int(), bytes: z.int(), sha256: z.string() });

const table = z.object({
  name: z.string(),
  layer: z.enum(['inert', 'live']),
  columns: z.array(z.string()),
  rows: z.int(),
  hash: z.string(),
  parts: z.array(part),
});

export const inFlightRun = z.object({
  dagId: z.string(),
  runId: z.string(),
  state: z.string(),
  tasks: z.record(z.string(), z.int()),
});

const ids = z.record(z.string(), z.int()).optional().catch(undefined);

const manifest = z.object({
  ...versioned,
  id: z.string(),
  deployment: z.string(),
  lineage: z.object({ site: z.string(), epoch: z.int() }),
  previous: z.string().nullable(),
  takenAt: instant,
  completedAt: instant,
  airflow: z.object({ version: z.string(), alembic: z.record(z.string(), z.string().nullable()) }),
  level: z.string(),
  compression: z.enum(['zstd', 'gzip']),
  wraps: z.array(wrap),
  tables: z.array(table),
  /** By table: the highest id of a row, and the last one that was given out. Snapshots of older releases lack the latter. */
  sequences: ids,
  lastIds: ids,
  /** When the state row was put into the database: one that is not the first came after the one before was lost. */
  rowSince: instant.optional().catch(undefined),
  pauseSet: z.object({ unpaused: z.array(z.string()), paused: z.array(z.string()) }),
  /** The first hundred; a snapshot of an earlier release names all. */
  inFlight: z.array(inFlightRun),
  inFlightTotal: z.int().optional(),
  /** Deadlines of runs in flight that had not passed: no snapshot holds them. */
  deadlines: z.int().optional(),
  bundle: z.string().nullish(),
  mac: z.string(),
});

export type Wrap = Readonly<z.infer<typeof wrap>>;
export type Part = Readonly<z.infer<typeof part>>;
export type InFlightRun = Readonly<z.infer<typeof inFlightRun>>;
/** What a snapshot holds; written last, so a snapshot without one does not exist. */
export type Manifest = Readonly<z.infer<typeof manifest>>;

/** Whether `older` has an id that the database of `newer` had never given out: in one database no sequence goes back. */
export function isOfAnotherDatabase(newer: Manifest, older: Manifest): boolean {
  const { lastIds = {} } = newer;
  return Object.entries(older.sequences ?? {}).some(([table, highest]) => (lastIds[table] ?? Infinity) < highest);
}

/** Throws `MDR-SNAPSHOT-MANIFEST`. */
export const parseManifest = (body: Uint8Array, where: string): Manifest =>
  parseStored(manifest, body, where, 'MDR-SNAPSHOT-MANIFEST');

const SNAPSHOT_ID = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-e(\d+)-[0-9a-f]{8}$/;

/** Epoch and second of a snapshot, from its id alone; `undefined` for what is no snapshot id. */
export function readSnapshotId(id: string): { readonly epoch: number; readonly at: number } | undefined {
  const match = SNAPSHOT_ID.exec(id);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, epoch = 0] = match.slice(1).map(Number);
  return { epoch, at: Date.UTC(year, month - 1, day, hour, minute, second) };
}

/** The beginning of the ids of snapshots taken at that time: a key to start a listing behind. */
export const snapshotStamp = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

/**
 * How many of the newest snapshots of one epoch are opened in search of one that proves something, and of all epochs. One
 * may be under way, and one may have failed: neither has a manifest.
 */
const OPENED_OF_EACH = 3;
const OPENED = 6;

/** Above the one epoch, and not above the other. */
export interface EpochBounds {
  readonly above: number;
  readonly upTo: number;
}

/** The few ids within these bounds that are worth opening, the highest epoch first; `ids` come newest first. */
export function worthOpening(ids: readonly string[], { above, upTo }: EpochBounds): readonly string[] {
  const within = ids.flatMap((id) => {
    const epoch = readSnapshotId(id)?.epoch ?? -1;
    return epoch > above && epoch <= upTo ? [{ id, epoch }] : [];
  });
  return [...Map.groupBy(within, ({ epoch }) => epoch).entries()]
    .toSorted(([a], [b]) => b - a)
    .flatMap(([, found]) => found.slice(0, OPENED_OF_EACH).map(({ id }) => id))
    .slice(0, OPENED);
}
