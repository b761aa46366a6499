import { z } from 'zod';
import { instant, parseStored, versioned } from './stored-json.ts';

const driftRecord = z.object({
  ...versioned,
  deployment: z.string(),
  /** When reality was last compared with Git. */
  at: instant,
  /** Digest of the plan that came out. */
  digest: z.string(),
  /** Fields that differ; 0 = none. */
  fields: z.int().min(0),
  /** Since when something differs; `null` when nothing does. */
  since: instant.nullable(),
});

/** What the newest drift check found: `control/<deployment>/drift.json` in the DR bucket of the standby. */
export type DriftRecord = Readonly<z.infer<typeof driftRecord>>;

/** Throws `MDR-CONTROL-INVALID`. */
export const parseDriftRecord = (body: Uint8Array, where: string): DriftRecord =>
  parseStored(driftRecord, body, where, 'MDR-CONTROL-INVALID');
