import { z } from 'zod';
import { instant, parseStored, versioned } from './stored-json.ts';

const task = z.object({
  dagId: z.string(),
  runId: z.string(),
  taskId: z.string(),
  mapIndex: z.int().nullish(),
  was: z.string().nullish(),
});

export const reportSchema = z.object({
  rerun: z.array(task).default([]),
  continued: z.array(task).default([]),
  runs: z.array(z.object({ dagId: z.string(), runId: z.string() })).default([]),
  unpaused: z.int().default(0),
  paused: z.int().default(0),
  missingDags: z.array(z.string()).default([]),
  nextRuns: z.array(z.object({ dagId: z.string(), at: z.string().nullable() })).default([]),
  /** How many each list has, where it names only the first of them. */
  totals: z.record(z.string(), z.int()).optional(),
  /** Key of the object in the same bucket that names all; `null` when it could not be written. */
  whole: z.string().nullish(),
});

const drResult = z.object({
  ...versioned,
  kind: z.enum(['snapshot', 'restore', 'activate', 'uninstall']),
  deployment: z.string(),
  site: z.string(),
  dagRunId: z.string(),
  ok: z.boolean(),
  outcome: z.enum(['done', 'already', 'skipped', 'refused', 'failed']),
  code: z.string().nullish(),
  message: z.string().nullish(),
  startedAt: instant,
  endedAt: instant,
  committedAt: instant.nullish(),
  snapshot: z.string().nullish(),
  epoch: z.int().nullish(),
  move: z.string().nullish(),
  seconds: z.record(z.string(), z.number().nullable()).nullish(),
  report: reportSchema.nullish(),
  /** Of an uninstall: what became of the user's DAGs with it. */
  removed: z
    .object({
      pausedTotal: z.int(),
      late: z.object({ total: z.int(), dags: z.array(z.string()) }),
    })
    .nullish(),
});

/** What one run of a DR DAG did: the object that decides, not the state of the run. */
export type DrResult = Readonly<z.infer<typeof drResult>>;
/** What an activation did to the runs that were in flight. */
export type ActivationReport = Readonly<z.infer<typeof reportSchema>>;

type ReportList = 'rerun' | 'continued' | 'runs' | 'missingDags' | 'nextRuns';

export const totalOf = (report: ActivationReport, list: ReportList): number =>
  report.totals?.[list] ?? report[list].length;

/** Throws `MDR-DR-RUN-LOST`: an unreadable result is none. */
export const parseDrResult = (body: Uint8Array, where: string): DrResult =>
  parseStored(drResult, body, where, 'MDR-DR-RUN-LOST');
