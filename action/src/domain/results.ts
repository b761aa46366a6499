/**
 * What each operation answers; `report/` renders it, the outputs are taken from it, and a failover's is its evidence.
 * Times are ISO 8601 with `Z`, sites are named by their Region.
 */
import type { Debt, FenceGrade, Lease, Lineage, Move, MoveStep } from './control-record.ts';
import type { ActivationReport } from './dr-result.ts';
import type { InFlightRun } from './manifest.ts';
import type { Permission } from './move-permission.ts';
import type { Verdict } from './verdict.ts';
import type { ErrorCode, Place } from './errors.ts';
import type { DriftResult } from './drift-result.ts';
import type { FleetStatusResult } from './fleet-status.ts';
import type { DoctorResult } from './doctor.ts';
import type { CheckDagsResult } from './dag-check.ts';
import type { Matrix } from './matrix.ts';
import type { Plan } from './plan-model.ts';
import type { ReconcileResult } from './reconcile-result.ts';

export interface SnapshotAge {
  readonly id: string;
  readonly takenAt: string;
  readonly ageSeconds: number;
}

/** An objective and what was measured; `null` when nothing could be measured. */
export interface Measured {
  readonly objectiveSeconds: number;
  readonly measuredSeconds: number | null;
}

export const FINDING_NAMES = [
  'nobody-active',
  'two-active',
  'move-stands',
  'all-paused',
  'peer-unreadable',
  'unprotected',
  'nothing-runs',
  'record-lost',
  'dr-waits',
  'canary-silent',
  'standby-unready',
  'dags-missing',
  'database-replaced',
] as const;
export type FindingName = (typeof FINDING_NAMES)[number];

/** What somebody has to act on, whatever the verdict says of the active site's health. */
export interface Finding {
  readonly name: FindingName;
  /** What is so, in one sentence; without a command also what a person does at the site. */
  readonly message: string;
  /** The one command that leads on, with all inputs that it needs now. */
  readonly command?: { readonly operation: 'failover'; readonly inputs: Readonly<Record<string, string>> };
}

/** A debt with the grade that a fence has reached; `null` of anything else, and of what was not tried. */
export type GradedDebt = Debt & { readonly grade: FenceGrade | null };

export interface CheckResult {
  readonly operation: 'check';
  readonly deployment: string;
  readonly at: string;
  readonly active: string;
  readonly standby: string;
  /** `undefined` when no control record could be read. */
  readonly epoch: number | undefined;
  readonly verdict: Verdict;
  /** What the verdict allows a move away from the active site. */
  readonly permission: { readonly manual: Permission; readonly automatic: Permission };
  /** How many readings this run took. */
  readonly readings: number;
  /** It is UNKNOWN, and was so a reading before, of this run or of an earlier one, as far as anybody knows. */
  readonly isStillUnknown: boolean;
  /** Newest complete snapshot of the current lineage at the standby; `undefined` = UNPROTECTED or not readable. */
  readonly snapshot: SnapshotAge | undefined;
  /** One of them fails the run, but for `fail-on: never`. */
  readonly findings: readonly Finding[];
  /** What is worth a line, and no cause for anything. */
  readonly notes: readonly string[];
  /** Moves whose run had ended before the claim: taken out of the record now, nothing was touched. */
  readonly withdrawn: readonly Move[];
  readonly debts: { readonly paid: readonly GradedDebt[]; readonly owed: readonly GradedDebt[] };
  /** Sites whose environment configuration was saved. */
  readonly savedEnvironments: readonly string[];
  readonly warnings: readonly string[];
}

/** What a move will lose, by name, said before anything is done. */
export interface LossPreview {
  readonly snapshot: SnapshotAge;
  /** Last sign of life of the site that is left, as the target sees it; `null` when none was seen. */
  readonly lastSignOfLife: string | null;
  /** At most the work of so many seconds after the snapshot is lost: until one beat after the last sign of life. */
  readonly lostSeconds: number | null;
  readonly inFlight: readonly InFlightRun[];
  /** Where `inFlight` names only the first of them. */
  readonly inFlightTotal?: number | undefined;
  /** Of runs in flight, whose alerts will not come. */
  readonly deadlines?: number | undefined;
}

export interface StepTime {
  readonly step: MoveStep;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly milliseconds: number;
}

export interface FailoverResult {
  readonly operation: 'failover';
  readonly schemaVersion: 1;
  readonly deployment: string;
  readonly move: string;
  readonly epoch: number;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly actor: string;
  /** Whether this run finished a move that an earlier run had begun. */
  readonly resumed: boolean;
  readonly startedAt: string;
  readonly confirmedAt: string;
  readonly verdict: Verdict;
  readonly overridden: boolean;
  readonly loss: LossPreview;
  readonly fence: FenceGrade;
  readonly debts: readonly Debt[];
  readonly steps: readonly StepTime[];
  readonly activation: ActivationReport | undefined;
  /** First heartbeat of the new side after the commit. */
  readonly firstBeat: { readonly at: string; readonly liveUserRuns: number; readonly unpausedUserDags: number };
  readonly rpo: Measured;
  readonly rto: Measured;
}

export interface VerifyResult {
  readonly operation: 'verify';
  readonly deployment: string;
  /** Where the snapshot was verified: the standby's Region. */
  readonly site: string;
  readonly snapshot: SnapshotAge;
  readonly lineage: Lineage;
  readonly parts: number;
  /** Parts of which the SHA-256 that S3 keeps was compared. */
  readonly compared: number;
  /** The others: downloaded and hashed here. */
  readonly read: number;
  readonly bytes: number;
  /** Bytes of the parts that were read. */
  readonly downloaded: number;
  readonly rows: number;
  readonly milliseconds: number;
}

export interface SnapshotResult {
  readonly operation: 'snapshot';
  readonly deployment: string;
  /** `taken`: a new one was made; `fresh`: the newest was young enough. */
  readonly outcome: 'taken' | 'fresh';
  readonly verified: VerifyResult;
  readonly rpo: Measured;
}

export interface ListedSnapshot {
  readonly id: string;
  readonly takenAt: string;
  readonly epoch: number;
  /** Of a lineage that is not the activated one: may not be restored. */
  readonly deadBranch: boolean;
}

export interface SiteStatus {
  readonly region: string;
  readonly environment: string;
  /** While nobody is active both are standbys. */
  readonly role: 'active' | 'standby';
  /** GetEnvironment's status; `unreadable: dark` and the like when it could not be read. */
  readonly status: string;
  readonly heartbeat:
    | {
        readonly at: string;
        readonly ageSeconds: number;
        /** `null`, as is the epoch, while the canary has not been able to read a control record. */
        readonly role: 'active' | 'standby' | null;
        readonly epoch: number | null;
      }
    | undefined;
  /** The control record of that site's bucket; `missing` or why it could not be read. */
  readonly control: string;
}

export interface StatusResult {
  readonly operation: 'status';
  readonly deployment: string;
  readonly at: string;
  /** The site that is active, or was last, when `nobodyActive`. */
  readonly active: string;
  readonly standby: string;
  /** No DAG of the user runs anywhere: the site that should be active says itself that it is a standby. */
  readonly nobodyActive: boolean;
  /** What records and heartbeats make somebody act on. */
  readonly findings: readonly Finding[];
  /** What is worth a line, and no cause for anything. */
  readonly notes: readonly string[];
  readonly epoch: number;
  readonly phase: 'claimed' | 'activated';
  readonly lease: Lease | undefined;
  readonly move: Move | undefined;
  readonly debts: readonly Debt[];
  readonly rpo: Measured;
  readonly sites: readonly [SiteStatus, SiteStatus];
  /** Newest first, at most ten, as the standby (or else the active site) holds them. */
  readonly snapshots: readonly ListedSnapshot[];
}

export interface InstalledSite {
  readonly region: string;
  readonly uploaded: readonly string[];
  readonly unchanged: number;
  readonly control: 'created' | 'present';
  /** Whether the canary's heartbeat shows the hold's triggers in place. */
  readonly holdInstalled: boolean;
}

export interface InstallResult {
  readonly operation: 'install';
  readonly deployment: string;
  readonly changed: boolean;
  readonly sites: readonly [InstalledSite, InstalledSite];
}

export interface UninstalledSite {
  readonly region: string;
  readonly role: 'active' | 'standby';
  /** `empty`: an earlier run had done it. */
  readonly database: 'emptied' | 'empty' | 'no environment';
  /** DAGs that were paused with the removal of the hold, as nothing else kept them from running. */
  readonly paused: number;
  /** DAGs that this site had not parsed since it became active: what was kept for them is gone. The first hundred. */
  readonly late: readonly string[];
  /** Files taken out of the DAGs folder, DAGs out of Airflow, objects out of the DR bucket. */
  readonly files: number;
  readonly dags: number;
  readonly objects: number;
}

export interface UninstallResult {
  readonly operation: 'uninstall';
  readonly deployment: string;
  /** Empty when there was no control record any more. */
  readonly sites: readonly UninstalledSite[];
  /** Whether snapshots, journals, results and evidence are gone, too. */
  readonly erased: boolean;
  /** The epoch that was the last; `null` when there was no control record. */
  readonly epoch: number | null;
}

/** What kept one deployment of many from being worked on; the others are not hidden by it. */
export interface FleetFailure {
  readonly file: string;
  /** `undefined` when the file could not be read. */
  readonly deployment: string | undefined;
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix: string;
  readonly place: Place | undefined;
}

export interface ValidateResult {
  readonly operation: 'validate';
  /** Files that are well. */
  readonly files: readonly { readonly file: string; readonly deployment: string }[];
  readonly failures: readonly FleetFailure[];
  /** What is not wrong yet, as an end of support that is announced. */
  readonly warnings: readonly string[];
}

export interface MatrixResult {
  readonly operation: 'matrix';
  readonly files: number;
  readonly matrix: Matrix;
  /** Files that no deployment could be read from. */
  readonly failures: readonly FleetFailure[];
  /** Why all deployments are in it, or only some. */
  readonly reason: string;
}

export interface PlanResult {
  readonly operation: 'plan';
  /** In the order of the files. */
  readonly plans: readonly Plan[];
  readonly failures: readonly FleetFailure[];
}

export interface CommentResult {
  readonly operation: 'comment';
  readonly pullRequest: number;
  readonly url: string;
  /** `none`: nothing is concerned, and there is no comment that says otherwise. */
  readonly outcome: 'created' | 'updated' | 'outdated' | 'closed' | 'none';
  readonly plans: readonly Plan[];
  readonly failures: readonly FleetFailure[];
}

export interface ImportResult {
  readonly operation: 'import';
  readonly deployment: string;
  readonly file: string;
  /** What the reader has to know or to decide. */
  readonly notes: readonly string[];
}

interface Agreed {
  readonly operation: 'agree';
  readonly deployment: string;
  readonly file: string;
  readonly active: string;
  readonly epoch: number;
}
export type AgreeResult =
  | (Agreed & { readonly outcome: 'agrees' | 'newer' })
  | (Agreed & {
      readonly outcome: 'pull request' | 'issue' | 'declined';
      readonly number: number;
      readonly url: string;
    });

export type OperationResult =
  | CheckResult
  | FailoverResult
  | VerifyResult
  | SnapshotResult
  | StatusResult
  | InstallResult
  | UninstallResult
  | ValidateResult
  | MatrixResult
  | PlanResult
  | CommentResult
  | ImportResult
  | AgreeResult
  | ReconcileResult
  | DoctorResult
  | CheckDagsResult
  | DriftResult
  | FleetStatusResult;
