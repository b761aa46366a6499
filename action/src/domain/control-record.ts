import { z } from 'zod';
import { MdrError } from './errors.ts';
import { instant, parseStored, versioned } from './stored-json.ts';

/** The steps of a move in their order; a journal entry's number is its step's place here, from 1. */
export const MOVE_STEPS = ['planned', 'prepared', 'rechecked', 'claimed', 'fenced', 'activated', 'confirmed'] as const;
export type MoveStep = (typeof MOVE_STEPS)[number];

export const stepNumber = (step: MoveStep): number => MOVE_STEPS.indexOf(step) + 1;

/** `stopped`: paused and every running task ended; `paused`; `unproven`: the side could not be reached. */
export type FenceGrade = 'stopped' | 'paused' | 'unproven';

/** No deployment ever moves as often as this; the DR DAGs have the same bounds: dags/mwaadr/core/rulings.py. */
export const LARGEST_EPOCH = 1_000_000;
/** How far an epoch may lie above what is known: each try of a move takes the next or the one after it. */
export const LARGEST_LEAP = 1_000;

const epoch = z.int().min(0).max(LARGEST_EPOCH);

const move = z.object({
  id: z.string(),
  kind: z.literal('failover'),
  from: z.string(),
  to: z.string(),
  epoch,
  snapshot: z.string(),
  /** Whether a person named the snapshot: then the move takes no newer one. Missing in what an earlier release wrote. */
  chosen: z.boolean().optional(),
  step: z.enum(MOVE_STEPS),
  startedAt: instant,
  reason: z.string(),
  actor: z.string(),
  fence: z.enum(['stopped', 'paused', 'unproven']).nullable(),
});

const lease = z.object({
  holder: z.string(),
  nonce: z.string(),
  purpose: z.string(),
  expiresAt: instant,
  /** The move that its holder prepares; it becomes the record's own with the claim, and ends with the lease before it. */
  move: move.optional(),
});

export const debtSchema = z.object({
  kind: z.enum(['claim', 'fence']),
  site: z.string(),
  epoch,
  move: z.string(),
  since: instant,
});

/** Stands from the decision to remove the product to the end of this record: nobody moves, and no canary installs. */
const uninstall = z.object({
  id: z.string(),
  since: instant,
  actor: z.string(),
  /** Nothing of ours is left in either database. */
  emptied: z.boolean(),
});

const lineage = z.object({ site: z.string(), epoch });

const fields = z.object({
  ...versioned,
  deployment: z.string(),
  site: z.string(),
  epoch,
  phase: z.enum(['claimed', 'activated']),
  activated: lineage.extend({ at: instant, snapshot: z.string().nullable() }),
  move: move.nullable(),
  lease: lease.nullable(),
  debts: z.array(debtSchema),
  uninstall: uninstall.optional(),
  updatedAt: instant,
  nonce: z.string(),
});

/** Who edits one field by hand must not thereby stop the site that is active, or send a move away from it. */
const controlRecord = fields
  .refine((record) => record.epoch <= record.activated.epoch + LARGEST_LEAP, {
    path: ['epoch'],
    message: `is more than ${LARGEST_LEAP} above what was activated last`,
  })
  .refine((record) => record.activated.epoch <= record.epoch, {
    path: ['activated', 'epoch'],
    message: 'is above the epoch of the record',
  })
  .refine((record) => record.phase === 'claimed' || record.activated.epoch === record.epoch, {
    path: ['epoch'],
    message: 'is said to be activated, but what was activated last is another one',
  });

export type Move = Readonly<z.infer<typeof move>>;
export type Lease = Readonly<z.infer<typeof lease>>;
export type Uninstall = Readonly<z.infer<typeof uninstall>>;
export type Debt = Readonly<z.infer<typeof debtSchema>>;
/** The (site, epoch) under which a snapshot was taken; only that of the activated epoch may be restored. */
export type Lineage = Readonly<z.infer<typeof lineage>>;
export type ControlRecord = Readonly<z.infer<typeof controlRecord>>;

/** The record as it is for whoever takes an uninstall back. */
export const withoutUninstall = ({ uninstall: _, ...record }: ControlRecord): ControlRecord => record;

/** Throws {@link MdrError} `MDR-CONTROL-INVALID`; also when the record is another deployment's or another site's. */
export function parseControlRecord(
  body: Uint8Array,
  where: string,
  expected: { readonly deployment: string; readonly site: string },
): ControlRecord {
  const record = parseStored(controlRecord, body, where, 'MDR-CONTROL-INVALID');
  if (record.deployment === expected.deployment && record.site === expected.site) return record;
  throw new MdrError({
    code: 'MDR-CONTROL-INVALID',
    message: `${where} is the record of ${record.deployment} in ${record.site}, not of ${expected.deployment} in ${expected.site}`,
    fix: 'Control records are never copied between buckets: restore the right version of this object.',
  });
}
