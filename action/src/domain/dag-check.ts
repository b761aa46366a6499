/** What a real Airflow made of a DAGs folder (action/src/dag-check/check_dags.py), and what follows from it. */
import { z } from 'zod';
import type { Log } from './ports.ts';

export interface DagCheckRequest {
  /** The DAGs folder, as the repository names it. */
  readonly folder: string;
  readonly airflowVersion: string;
  /** The Python that has this Airflow installed. */
  readonly python: string;
  /** A folder of plugins that the DAG files may import from. */
  readonly plugins?: string | undefined;
  /** Seconds that one file may take; Airflow's own `core.dagbag_import_timeout`. */
  readonly timeoutSeconds: number;
  /** What DAG files find as `AWS_REGION`. */
  readonly region?: string | undefined;
  /** What `install` would write as `mwaadr/deployment.json`; needed where the folder holds the DR DAGs themselves. */
  readonly drConfiguration?: string | undefined;
}

/** How a run of the script went. */
export interface DagCheckRun {
  /** Its JSON objects, one a line, in order. The last ones are missing when it was ended early. */
  readonly lines: readonly string[];
  /** `exit code 0`, or the signal that ended it. */
  readonly ended: string;
  /** The end of what it printed. */
  readonly output: string;
  /** Names of environment variables with credentials that this process has; the script got none of them. */
  readonly credentials: readonly string[];
}

/** Runs the script over a copy of the folder. Throws MdrError MDR-INPUT-INVALID or MDR-STOPPED. */
export type RunDagCheck = (request: DagCheckRequest, log: Log, stop: AbortSignal) => Promise<DagCheckRun>;

const placed = { file: z.string().optional(), line: z.number().optional() };

/** A file that was imported, well or not. */
const imported = z.object({
  event: z.literal('file'),
  file: z.string(),
  seconds: z.number(),
  dags: z.array(z.object({ dagId: z.string(), tasks: z.number(), unpaused: z.boolean() })),
  /** Every DAG object that was made, also those that Airflow refused, with its place. */
  made: z.array(z.object({ dagId: z.string(), file: z.string(), line: z.number() })),
  /** Tracebacks, or messages without one. */
  errors: z.array(z.string()),
  /** What was asked of the outside while importing; `answered` = the file had a default at hand. */
  reads: z.array(
    z.object({
      kind: z.enum(['variable', 'connection', 'database', 'network']),
      name: z.string(),
      answered: z.boolean(),
      ...placed,
    }),
  ),
  movingStartDates: z.array(z.object({ file: z.string(), line: z.number() })),
});

/** A file whose import never came to an end: `late`, `exit code 0`, `SIGSEGV`. */
const cut = z.object({
  event: z.literal('file'),
  file: z.string(),
  seconds: z.number(),
  ended: z.string(),
  output: z.string(),
});

const event = z.union([
  z.object({
    event: z.literal('airflow'),
    version: z.string(),
    root: z.string(),
    files: z.array(z.string()),
  }),
  z.object({ event: z.literal('no-airflow'), message: z.string() }),
  z.object({ event: z.literal('begin'), file: z.string() }),
  imported,
  cut,
  z.object({ event: z.literal('end') }),
]);

export type ImportedFile = Readonly<z.output<typeof imported>>;
export type CutFile = Readonly<z.output<typeof cut>>;

/** The lines put together. */
export interface DagCheckReading {
  /** `undefined` when there is no Airflow. */
  readonly airflow: { readonly version: string; readonly root: string; readonly files: readonly string[] } | undefined;
  readonly imported: readonly ImportedFile[];
  readonly cut: readonly CutFile[];
  /** Files that the script found and never came to the end of: the first one ended the script. */
  readonly unseen: readonly string[];
  /** What stands in the way of a check, in Python's words. */
  readonly trouble: string | undefined;
  readonly credentials: DagCheckRun['credentials'];
}

/** Lines that are none of ours, or half of one, are left out: what they should have said is then missing. */
export function readDagCheck({ lines, ended, output, credentials }: DagCheckRun): DagCheckReading {
  const events = lines.flatMap((line) => {
    const parsed = event.safeParse(jsonOf(line));
    return parsed.success ? [parsed.data] : [];
  });
  const airflow = events.find((one) => one.event === 'airflow');
  const missing = events.find((one) => one.event === 'no-airflow');
  const files = events.filter((one) => one.event === 'file');
  const done = new Set(files.map(({ file }) => file));
  const unseen = (airflow?.files ?? []).filter((file) => !done.has(file));
  return {
    airflow,
    imported: files.filter((file) => 'errors' in file),
    cut: files.filter((file) => 'ended' in file),
    unseen,
    trouble: airflow === undefined ? (missing?.message ?? `${ended}: ${output.trim().slice(-1_000)}`) : undefined,
    credentials,
  };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export type DagFindingCode =
  | 'import-error'
  | 'invalid-dag'
  | 'too-slow'
  | 'ended-airflow'
  | 'unpaused'
  | 'duplicate-id'
  | 'reserved-id'
  | 'unproven'
  | 'parse-time-read'
  | 'moving-start-date'
  | 'no-dags'
  | 'credentials-in-reach';

export interface DagFinding {
  /** An `error` refuses the change. */
  readonly level: 'error' | 'warning';
  readonly code: DagFindingCode;
  /** From the repository's root; `undefined` when it is about no file. */
  readonly file: string | undefined;
  /** From 1; `undefined` when it is about the whole file. */
  readonly line: number | undefined;
  readonly message: string;
  readonly fix: string;
}

export interface CheckDagsResult {
  readonly operation: 'check-dags';
  readonly folder: string;
  readonly airflowVersion: string;
  readonly files: number;
  readonly dags: number;
  readonly tasks: number;
  /** Slowest first, at most ten. */
  readonly slowest: readonly { readonly file: string; readonly seconds: number; readonly dags: number }[];
  /** Seconds that all files took together. */
  readonly seconds: number;
  /** Errors first, then by file and line. */
  readonly findings: readonly DagFinding[];
}
