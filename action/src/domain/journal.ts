import { z } from 'zod';
import { debtSchema, stepNumber } from './control-record.ts';
import type { MoveStep } from './control-record.ts';
import { reportSchema } from './dr-result.ts';
import { inFlightRun } from './manifest.ts';
import { instant, iso, parseStored, versioned } from './stored-json.ts';
import { VERDICT_KEYS } from './verdict.ts';

const verdict = z.object({
  key: z.enum(VERDICT_KEYS),
  reason: z.string(),
  evidence: z.array(z.string()),
  deadline: instant.optional(),
});

const loss = z.object({
  snapshot: z.object({ id: z.string(), takenAt: instant, ageSeconds: z.int() }),
  lastSignOfLife: instant.nullable(),
  lostSeconds: z.int().nullable(),
  inFlight: z.array(inFlightRun),
  inFlightTotal: z.int().optional(),
  deadlines: z.int().optional(),
});

const inertOrLive = z.object({ dagRunId: z.string(), outcome: z.string(), committedAt: instant });

/** What each step leaves for the steps after it and for the evidence. A resumed move reads it here. */
const STEP_DATA = {
  planned: z.object({ verdict, overridden: z.boolean(), loss, manifestSha256: z.string() }),
  prepared: inertOrLive,
  rechecked: z.object({
    verdict,
    /** S3's time of the reading that the verdict goes by. */
    readAt: instant.optional(),
  }),
  claimed: z.object({
    debts: z.array(debtSchema),
    /** By its heartbeat, and by a reading in which its Airflow answered. */
    lastSignOfLife: instant.nullable(),
    lastAnswer: instant.nullable().default(null),
  }),
  fenced: z.object({
    grade: z.enum(['stopped', 'paused', 'unproven']),
    debts: z.array(debtSchema),
    /** When the side that was left was seen to have stopped; until then it worked on. */
    stoppedAt: instant.optional(),
  }),
  activated: inertOrLive.extend({
    report: reportSchema.optional(),
    /** What was really activated; the plan may have had an older one. */
    snapshot: z.string().optional(),
    loss: loss.optional(),
  }),
  confirmed: z.object({
    debts: z.array(debtSchema),
    firstBeat: z.object({ at: instant, liveUserRuns: z.int(), unpausedUserDags: z.int() }),
  }),
} as const;

export type StepData<S extends MoveStep> = Readonly<z.infer<(typeof STEP_DATA)[S]>>;

export interface JournalEntry<S extends MoveStep> {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly data: StepData<S>;
}

const entryOf = <S extends MoveStep>(step: S) =>
  z.object({
    ...versioned,
    step: z.literal(step),
    startedAt: instant,
    endedAt: instant,
    data: STEP_DATA[step],
  });

const ENTRIES: Readonly<Record<MoveStep, z.ZodType>> = {
  planned: entryOf('planned'),
  prepared: entryOf('prepared'),
  rechecked: entryOf('rechecked'),
  claimed: entryOf('claimed'),
  fenced: entryOf('fenced'),
  activated: entryOf('activated'),
  confirmed: entryOf('confirmed'),
};

/** The entry of `step`. Throws `MDR-CONTROL-INVALID`. */
export const parseJournalEntry = <S extends MoveStep>(step: S, body: Uint8Array, where: string): JournalEntry<S> =>
  parseStored(ENTRIES[step], body, where, 'MDR-CONTROL-INVALID') as JournalEntry<S>;

/** A completed step of a move as it is stored. */
export const journalEntry = <S extends MoveStep>(
  deployment: string,
  move: string,
  step: S,
  { startedAt, endedAt, data }: { startedAt: number; endedAt: number; data: StepData<S> },
): object => ({
  schemaVersion: 1,
  deployment,
  move,
  step,
  number: stepNumber(step),
  startedAt: iso(startedAt),
  endedAt: iso(endedAt),
  data,
});

const pauses = z.object({ ...versioned, move: z.string(), site: z.string(), at: instant, dags: z.array(z.string()) });

export type Pauses = Readonly<z.infer<typeof pauses>>;

/** The DAGs that a move was about to pause by REST at a site. Throws `MDR-CONTROL-INVALID`. */
export const parsePauses = (body: Uint8Array, where: string): Pauses =>
  parseStored(pauses, body, where, 'MDR-CONTROL-INVALID');
