import { z } from 'zod';
import { MOVE_STEPS } from './control-record.ts';
import { instant, parseStored, versioned } from './stored-json.ts';

const journalEntry = z.object({
  ...versioned,
  deployment: z.string(),
  move: z.string(),
  step: z.enum(MOVE_STEPS),
  number: z.int(),
  startedAt: instant,
  endedAt: instant,
  data: z.record(z.string(), z.unknown()),
});

/** One completed step of a move. */
export type JournalEntry = Readonly<z.infer<typeof journalEntry>>;

/** Throws `MDR-CONTROL-INVALID`. */
export const parseJournalEntry = (body: Uint8Array, where: string): JournalEntry =>
  parseStored(journalEntry, body, where, 'MDR-CONTROL-INVALID');
