/** Where in a file an error was found; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface MdrErrorDetails {
  /** Stable code from {@link ERROR_CODES}. */
  readonly code: ErrorCode;
  /** What happened and why we think so: one or two sentences, no secrets. */
  readonly message: string;
  /** What to do now: a command, or a place to look. */
  readonly fix: string;
  /** The state in which AWS and Airflow were left; "nothing was touched" when that is so. */
  readonly state?: string;
  readonly place?: Place;
  readonly cause?: unknown;
}

/** Every error a user can meet, one line each; docs/errors.md is generated from it. */
export const ERROR_CODES = {
  'MDR-INPUT-OPERATION': 'The operation is not one that this action knows.',
  'MDR-INPUT-MISSING': 'An input that this operation needs was not given.',
  'MDR-INPUT-INVALID': 'An input has a value that this operation does not take.',
  'MDR-INPUT-CONFIRM': 'The name typed to confirm is not the deployment that the move is for.',
  'MDR-FILE-MISSING': 'The deployment file does not exist or cannot be read.',
  'MDR-FILE-SYNTAX': 'The deployment file is not valid JSON.',
  'MDR-FILE-SCHEMA': 'The deployment file has an unknown key, a missing one or a value that is not allowed.',
  'MDR-FILE-RULE': 'Fields of the deployment file contradict each other.',
  'MDR-NODE-VERSION': 'The action was started by a Node.js older than 24.',
  'MDR-AWS-DENIED': 'AWS refused a call for lack of permission.',
  'MDR-AWS-THROTTLED': 'AWS kept throttling a call beyond its retries.',
  'MDR-AWS-DARK': 'An AWS endpoint did not answer.',
  'MDR-AWS-ERROR': 'AWS answered a call with an error that we do not expect.',
  'MDR-CREDENTIALS': 'No usable AWS credentials.',
  'MDR-AIRFLOW-VERSION': 'The Airflow version or schema of the target is not the one of the snapshot.',
  'MDR-AIRFLOW-REST': 'Airflow answered an InvokeRestApi call with an error.',
  'MDR-NOT-INSTALLED': 'The DR DAGs or the control record are missing: the deployment was never installed.',
  'MDR-CONTROL-CONFLICT': 'The control record changed under us.',
  'MDR-CONTROL-INVALID': 'A control record cannot be read as one of this version.',
  'MDR-LEASE-HELD': 'Another run holds the lease of this deployment.',
  'MDR-LEASE-LOST': 'Our lease expired and another run took over.',
  'MDR-SNAPSHOT-NONE': 'There is no snapshot of the current lineage.',
  'MDR-SNAPSHOT-PART': 'A part of the snapshot is missing or not what the manifest says.',
  'MDR-SNAPSHOT-MANIFEST': 'The manifest of the snapshot is missing, damaged or forged.',
  'MDR-SNAPSHOT-KEY': 'The data key of the snapshot cannot be unwrapped.',
  'MDR-SNAPSHOT-LINEAGE': 'The snapshot belongs to a dead branch, not to the activated epoch.',
  'MDR-SNAPSHOT-FAILED': 'Taking a snapshot failed.',
  'MDR-SNAPSHOT-SECRET': 'A value encrypted by Airflow cannot be decrypted with its key.',
  'MDR-MOVE-HEALTHY': 'The active site is healthy: leaving it needs an override.',
  'MDR-MOVE-VERDICT': 'The verdict does not allow this move.',
  'MDR-MOVE-SAME-SITE': 'The target of the move is active already.',
  'MDR-MOVE-OTHER': 'Another move is under way and has to be finished first.',
  'MDR-MOVE-SUPERSEDED': 'A higher epoch was claimed: this move is void.',
  'MDR-TARGET-UNREADY': 'The target site is not able to take over.',
  'MDR-TARGET-LIVE': 'The target site still has running work of its own.',
  'MDR-RESTORE-FAILED': 'The restore at the target failed and changed nothing.',
  'MDR-ACTIVATE-FAILED': 'The activation at the target failed and changed nothing.',
  'MDR-DR-RUN-LOST': 'A DR DAG run ended or vanished without leaving its result.',
  'MDR-TIMEOUT': 'A step did not end within its time.',
  'MDR-STOPPED': 'The runner was asked to stop while a step was waiting; the next run goes on from there.',
  'MDR-DB-ACCESS': 'The task found no way into the metadata database.',
  'MDR-DAG-CHECK': 'Airflow cannot take the DAGs folder as it is, or a DAG of it would break a move.',
  'MDR-DAG-CHECK-AIRFLOW': 'The Python of the DAG check has no Airflow of the version of the deployment.',
  'MDR-INTERNAL': 'A defect of this action.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The only error type that reaches the outermost layer with a code, the state left behind and the next command. */
export class MdrError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  readonly state: string | undefined;
  readonly place: Place | undefined;

  constructor(details: MdrErrorDetails) {
    super(details.message, { cause: details.cause });
    this.name = 'MdrError';
    this.code = details.code;
    this.fix = details.fix;
    this.state = details.state;
    this.place = details.place;
  }
}

/** Whether a code, as the DAGs write it, is one of ours. */
export const isErrorCode = (code: string | null | undefined): code is ErrorCode =>
  code !== null && code !== undefined && code in ERROR_CODES;
