import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import { keys } from '../domain/names.ts';
import type { WriteCondition } from '../domain/ports.ts';
import { parseReconcileRecord } from '../domain/reconcile-record.ts';
import type { ReconcileRecord } from '../domain/reconcile-record.ts';
import { toStored } from '../domain/stored-json.ts';
import type { Side } from './sides.ts';

/** The record of reconcile at a side, and the version of it that we know. */
export interface Note {
  readonly record: ReconcileRecord;
  readonly etag: string;
}

/** `undefined` when no reconcile ever changed anything. Throws `MDR-CONTROL-INVALID`. */
export async function readNote({ bucket, ports }: Side, deployment: Deployment): Promise<Note | undefined> {
  const key = keys.reconcile(deployment.deployment);
  const object = await ports.objects.get(bucket, key);
  if (object === undefined) return undefined;
  return { record: parseReconcileRecord(object.body, `s3://${bucket}/${key}`), etag: object.etag };
}

/** Writes over exactly the version that we know. Throws `MDR-LEASE-LOST` when another run wrote meanwhile. */
export async function writeNote(
  side: Side,
  deployment: Deployment,
  before: Note | undefined,
  record: ReconcileRecord,
): Promise<Note> {
  const key = keys.reconcile(deployment.deployment);
  const when: WriteCondition = before === undefined ? { ifAbsent: true } : { ifEtag: before.etag };
  const wanted = toStored(record);
  try {
    const result = await side.ports.objects.put(side.bucket, key, wanted, when);
    if (result.written) return { record, etag: result.etag };
  } catch (error) {
    // The reply may be lost although the write was done.
    if (!(error instanceof AwsFault) || error.quality !== 'dark') throw error;
    const found = await ours(side, key, wanted);
    if (found === undefined) throw error;
    return { record, etag: found };
  }
  const found = await ours(side, key, wanted);
  if (found !== undefined) return { record, etag: found };
  throw new MdrError({
    code: 'MDR-LEASE-LOST',
    message: `another run wrote ${key} in ${side.bucket} while we worked`,
    fix: 'Follow the other run; `status` names it. What this one began, the next run finishes.',
  });
}

/** The etag of the object, if it is what we wanted to write. */
async function ours({ bucket, ports }: Side, key: string, wanted: string): Promise<string | undefined> {
  const object = await ports.objects.get(bucket, key);
  return object !== undefined && new TextDecoder().decode(object.body) === wanted ? object.etag : undefined;
}
