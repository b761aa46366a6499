import type { Plan } from './plan-model.ts';
import type { ReconcileScope } from './reconcile-record.ts';

/** One change that was asked of the service, and how it went. */
export interface AppliedStep {
  readonly region: string;
  readonly role: 'active' | 'standby';
  readonly kind: 'create' | 'update' | 'tag' | 'untag';
  readonly fields: readonly string[];
  /** Whether an earlier run had asked for it, and this one saw it to its end. */
  readonly followed: boolean;
  readonly startedAt: string;
  readonly endedAt: string;
}

/** A site that proved itself healthy after its changes. */
export interface PassedGate {
  readonly region: string;
  readonly role: 'active' | 'standby';
  readonly seconds: number;
}

/**
 * `applied`: changes were made, and nothing is left to do; `in sync`: there was nothing to do; `differs`: what differs
 * is left to others; `held`: a window or a pause holds reconcile, and nothing more was done. Of self-heal alone: `busy`:
 * an environment is being changed; `tried`: this very plan was tried before.
 */
export type ReconcileOutcome = 'applied' | 'in sync' | 'differs' | 'held' | 'busy' | 'tried';

export interface ReconcileResult {
  readonly operation: 'reconcile';
  readonly schemaVersion: 1;
  readonly deployment: string;
  readonly scope: ReconcileScope;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly active: string;
  readonly standby: string;
  readonly outcome: ReconcileOutcome;
  /** Whether this run finished what an earlier one had begun. */
  readonly resumed: boolean;
  /** Of the plan that was reviewed, or else of the one that was found. */
  readonly digest: string;
  /** Number of the pull request in which it was reviewed. */
  readonly pullRequest: number | null;
  readonly heldUntil: Plan['heldUntil'];
  /** In the order in which they were made. */
  readonly steps: readonly AppliedStep[];
  readonly gates: readonly PassedGate[];
  /** Objects written to or deleted from the DAGs buckets. */
  readonly objects: number;
  /** The plan as it is at the end. */
  readonly plan: Plan;
}
