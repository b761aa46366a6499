import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { isOfAnotherDatabase, readSnapshotId } from '../domain/manifest.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { OtherDatabase } from '../domain/other-database.ts';
import { iso, millis } from '../domain/stored-json.ts';
import type { Side } from './sides.ts';
import { readSnapshot, snapshotIds } from './snapshots.ts';

export interface OfOneDatabase {
  /** Newest first: without what was taken of a database that was made anew since. */
  readonly ids: readonly string[];
  readonly other: OtherDatabase | undefined;
}

/** So many rows that came one after the other are looked at, and so many manifests in search of one that can be read. */
const ROWS = 4;
const OPENED = 3;

/**
 * A database that was made anew has a state row of its own, and its snapshots say since when it stands there: so only
 * the last one before that time and the first one after it have to be compared, however many were taken since. `ids`:
 * those of `lineage`, newest first; `isAll`: whether all are among them. Throws {@link AwsFault}.
 */
export async function ofOneDatabase(
  side: Side,
  deployment: Deployment,
  lineage: ControlRecord['activated'],
  ids: readonly string[],
  isAll: boolean,
): Promise<OfOneDatabase> {
  let kept: OfOneDatabase = { ids, other: undefined };
  let rest = ids;
  for (let row = 0; row < ROWS; row += 1) {
    const newest = await firstReadable(side, deployment, rest);
    if (newest?.rowSince === undefined) break;
    const since = millis(newest.rowSince);
    // The row is older than the lineage, as it is after every move.
    if (since <= millis(lineage.at)) break;
    const known =
      isAll || rest.some((id) => takenAt(id) < since) ? rest : await around(side, deployment, lineage, since, rest);
    // What lies there from before an uninstall was of an epoch of the same number, and is nobody's any more.
    const before = known.filter((id) => takenAt(id) < since && takenAt(id) >= millis(lineage.at));
    const last = await firstReadable(side, deployment, before);
    const first = await firstReadable(side, deployment, known.filter((id) => takenAt(id) >= since).toReversed());
    if (last === undefined || first === undefined) break;
    if (isOfAnotherDatabase(first, last))
      kept = { ids: before, other: { since: newest.rowSince, last: last.id, newest: kept.other?.newest ?? newest.id } };
    rest = before;
  }
  return kept;
}

const takenAt = (id: string): number => readSnapshotId(id)?.at ?? 0;

async function firstReadable(
  side: Side,
  deployment: Deployment,
  ids: readonly string[],
): Promise<Manifest | undefined> {
  for (const id of ids.slice(0, OPENED)) {
    try {
      return (await readSnapshot(side, deployment, id)).manifest;
    } catch (error) {
      if (!(error instanceof MdrError)) throw error;
    }
  }
  return undefined;
}

const DAY = 24 * 3_600_000;
const DAYS = 8;

/**
 * `known`, and those of the lineage that were taken about that time: of its hour, of its day, and of the days before until
 * there is one. A bucket may hold months.
 */
async function around(
  side: Side,
  deployment: Deployment,
  { epoch, at }: ControlRecord['activated'],
  since: number,
  known: readonly string[],
): Promise<readonly string[]> {
  const found = new Set(known);
  const days = Array.from({ length: DAYS }, (_, day) => stamp(since - day * DAY, 8));
  for (const beginning of [stamp(since, 11), ...days]) {
    const ids = await snapshotIds(side, deployment, { beginning });
    for (const id of ids) if (readSnapshotId(id)?.epoch === epoch) found.add(id);
    const isOver = beginning <= stamp(millis(at), beginning.length);
    if (isOver || [...found].some((id) => takenAt(id) < since)) break;
  }
  return [...found].toSorted().toReversed();
}

/** The beginning of the ids of that hour (11) or day (8). */
const stamp = (at: number, length: number): string => iso(at).replaceAll(/[-:]/g, '').slice(0, length);
