import type { MoveStep } from '../domain/control-record.ts';
import { stepNumber } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { journalEntry, parseJournalEntry, parsePauses } from '../domain/journal.ts';
import type { JournalEntry, Pauses, StepData } from '../domain/journal.ts';
import { keys } from '../domain/names.ts';
import { toStored } from '../domain/stored-json.ts';
import type { Side } from './sides.ts';

const keyOf = (deployment: Deployment, move: string, step: MoveStep): string =>
  keys.journal(deployment.deployment, move, stepNumber(step));

/** The entry of a completed step; `undefined` when it is not complete. */
export async function readEntry<S extends MoveStep>(
  side: Side,
  deployment: Deployment,
  move: string,
  step: S,
): Promise<JournalEntry<S> | undefined> {
  const key = keyOf(deployment, move, step);
  const object = await side.ports.objects.get(side.bucket, key);
  return object === undefined ? undefined : parseJournalEntry(step, object.body, `s3://${side.bucket}/${key}`);
}

/** Throws `MDR-CONTROL-INVALID`: the record says that the step was done. */
export async function requireEntry<S extends MoveStep>(
  side: Side,
  deployment: Deployment,
  move: string,
  step: S,
): Promise<JournalEntry<S>> {
  const entry = await readEntry(side, deployment, move, step);
  if (entry !== undefined) return entry;
  throw new MdrError({
    code: 'MDR-CONTROL-INVALID',
    message: `${move} is beyond ${step}, but ${keyOf(deployment, move, step)} is not in ${side.bucket}`,
    fix: 'Bring the object back (the bucket is versioned), then run again.',
  });
}

/** Writes the entry and answers what stands there: that of an earlier run, if that one had come so far. */
export async function writeEntry<S extends MoveStep>(
  side: Side,
  deployment: Deployment,
  move: string,
  step: S,
  done: { startedAt: number; endedAt: number; data: StepData<S> },
): Promise<JournalEntry<S>> {
  const body = toStored(journalEntry(deployment.deployment, move, step, done));
  await side.ports.objects.put(side.bucket, keyOf(deployment, move, step), body, { ifAbsent: true });
  return requireEntry(side, deployment, move, step);
}

/**
 * What moves have paused by REST, whatever became of these moves, as far as the bucket of `side` tells. Throws
 * `MDR-CONTROL-INVALID`, AwsFault.
 */
export async function allPauses(side: Side, deployment: Deployment): Promise<readonly Pauses[]> {
  const objects = await side.ports.objects.list(side.bucket, keys.journals(deployment.deployment));
  const notes = objects.filter(({ key }) => key.includes('/pauses-'));
  const read = notes.map(async ({ key }) => {
    const note = await side.ports.objects.get(side.bucket, key);
    return note === undefined ? [] : [parsePauses(note.body, `s3://${side.bucket}/${key}`)];
  });
  return (await Promise.all(read)).flat();
}
