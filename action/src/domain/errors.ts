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
  'MDR-INPUT-CONFIRM': 'The name typed to confirm is not the deployment that the run is for.',
  'MDR-FILE-MISSING': 'The deployment file does not exist or cannot be read.',
  'MDR-FILE-SYNTAX': 'The deployment file is not valid JSON.',
  'MDR-FILE-SCHEMA': 'The deployment file has an unknown key, a missing one or a value that is not allowed.',
  'MDR-FILE-RULE': 'Fields of the deployment file contradict each other, or ask for what this release does not do.',
  'MDR-IMPORT': 'No deployment file can be written of these environments.',
  'MDR-PLAN-FILE': 'A plan that was handed from one job to another cannot be read.',
  'MDR-PLAN-MISSING': 'A deployment that a change concerns was not planned: the job that does it left nothing.',
  'MDR-NODE-VERSION': 'The action was started by a Node.js older than 24.',
  'MDR-AWS-DENIED': 'AWS refused a call: a permission is missing, or a bucket belongs to another account.',
  'MDR-AWS-THROTTLED': 'AWS kept throttling a call beyond its retries.',
  'MDR-AWS-DARK': 'An AWS endpoint did not answer.',
  'MDR-AWS-ERROR': 'AWS answered a call with an error that we do not expect.',
  'MDR-CREDENTIALS': 'No usable AWS credentials.',
  'MDR-AIRFLOW-VERSION': 'The Airflow version or schema of the target is not the one of the snapshot.',
  'MDR-AIRFLOW-REST': 'Airflow answered an InvokeRestApi call with an error.',
  'MDR-GITHUB-DENIED': 'GitHub refused a call: the token is not valid or lacks a permission.',
  'MDR-GITHUB-RATE': 'GitHub takes no more calls of this token for longer than a run can wait.',
  'MDR-GITHUB-DARK': 'GitHub did not answer, or answered that it is broken.',
  'MDR-GITHUB-ERROR': 'GitHub answered a call with an error that we do not expect.',
  'MDR-NOT-INSTALLED': 'The DR DAGs or the control record are missing: the deployment was never installed.',
  'MDR-CONTROL-CONFLICT': 'The control record changed under us.',
  'MDR-CONTROL-INVALID': 'A control record cannot be read as one of this version.',
  'MDR-LEASE-HELD': 'Another run holds the lease of this deployment.',
  'MDR-LEASE-LOST': 'Our lease expired and another run took over.',
  'MDR-ARTIFACT-FILE': 'A file that has to be deployed is missing, too large, or lies outside of the repository.',
  'MDR-ARTIFACT-MANIFEST': 'The manifest of a deployed bundle cannot be read as one of this version.',
  'MDR-ARTIFACT-CONFLICT': 'Another run deployed files at the same time, or the files are not those of the plan.',
  'MDR-ARTIFACT-STANDBY': 'A file at the standby is not the one that was deployed.',
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
  'MDR-UNINSTALL-FAILED': 'The removal of what is ours failed at a site, and is gone on with by the next run.',
  'MDR-DR-RUN-LOST': 'A DR DAG run ended or vanished without leaving its result.',
  'MDR-TIMEOUT': 'A step did not end within its time.',
  'MDR-STOPPED': 'The runner was asked to stop while a step was waiting; the next run goes on from there.',
  'MDR-DB-ACCESS': 'The task found no way into the metadata database.',
  'MDR-DAG-CHECK': 'Airflow cannot take the DAGs folder as it is, or a DAG of it would break a move.',
  'MDR-DAG-CHECK-AIRFLOW': 'The Python of the DAG check has no Airflow of the version of the deployment.',
  'MDR-PLAN-REFUSED': 'The plan has changes that cannot or must not be made.',
  'MDR-PLAN-IMMUTABLE': 'The file asks for what MWAA cannot change in an environment that exists.',
  'MDR-PLAN-VERSION': 'The environment cannot get to this Airflow version by an update.',
  'MDR-PLAN-INCOMPLETE': 'An environment is to be created, and the file does not say all that it needs.',
  'MDR-PLAN-STATE': 'The environment is in a state in which it takes no change, and which does not end by itself.',
  'MDR-PLAN-ACTIVE-MISSING': 'The environment of the active site does not exist.',
  'MDR-ACTIVE-STALE': 'The file names an epoch that is not the current one: it moves nothing.',
  'MDR-ACTIVE-MOVE': 'The file asks for a move, which a merge does not start.',
  'MDR-PLAN-MOVED': 'Reality moved since the plan was reviewed: what would be done now is not what was approved.',
  'MDR-PLAN-OUTDATED': 'The branch has moved on: carrying out this commit would take back what was merged after it.',
  'MDR-PLAN-UNREVIEWED': 'There are changes to make, but nobody has reviewed the plan.',
  'MDR-UPDATE-REFUSED': 'MWAA did not take a change of an environment; nothing of it was done.',
  'MDR-UPDATE-BUSY': 'The environment is being changed by somebody else, or by AWS.',
  'MDR-UPDATE-FAILED': 'MWAA took a change of an environment and gave it up.',
  'MDR-GATE': 'A site did not prove itself healthy after its change, so the next one was not touched.',
  'MDR-RECONCILE-LEFT': 'After everything was applied the sites still differ from Git.',
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

/** The state after an error of which nothing more is known. */
export const KEPT = 'What was complete before this stays; `status` shows it.';

/** Whether a code, as the DAGs write it, is one of ours. */
export const isErrorCode = (code: string | null | undefined): code is ErrorCode =>
  code !== null && code !== undefined && code in ERROR_CODES;
