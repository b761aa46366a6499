import type { DriftFinding } from './drift-findings.ts';
import type { FleetFailure } from './results.ts';

export interface DriftedDeployment {
  readonly deployment: string;
  readonly file: string;
  readonly at: string;
  /**
   * `busy`: a move, a reconcile or the service is changing it just now, so that a difference means nothing yet; its
   * issue is left as it is.
   */
  readonly outcome: 'clean' | 'drift' | 'busy';
  readonly digest: string;
  /** Since when something differs; `null` when nothing does, or when that could be read nowhere. */
  readonly since: string | null;
  readonly findings: readonly DriftFinding[];
  /** What became of its issue; `undefined` when none was kept. */
  readonly issue: { readonly act: string; readonly number: number | undefined } | undefined;
}

export interface DriftResult {
  readonly operation: 'drift';
  readonly schemaVersion: 1;
  readonly deployments: readonly DriftedDeployment[];
  /** Deployments that could not be looked at: no drift, and nothing that is closed. */
  readonly failures: readonly FleetFailure[];
  /** Whether issues were kept: not without a token. */
  readonly keepsIssues: boolean;
}
