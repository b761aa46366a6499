/** One result of each operation of GitOps that sets outputs. */
import { matrixOf } from '../../../action/src/domain/matrix.ts';
import type { AgreeResult, CommentResult, MatrixResult, PlanResult } from '../../../action/src/domain/results.ts';
import type { DriftResult } from '../../../action/src/domain/drift-result.ts';
import type { ReconcileResult } from '../../../action/src/domain/reconcile-result.ts';
import { planned } from '../domain/plan-cases.ts';

const { plan } = planned({ east: { MaxWorkers: 9 } });

export const matrix: MatrixResult = {
  operation: 'matrix',
  files: 0,
  matrix: matrixOf([]),
  failures: [],
  reason: 'all',
};
export const plans: PlanResult = { operation: 'plan', plans: [plan], failures: [] };
export const comment: CommentResult = {
  operation: 'comment',
  pullRequest: 7,
  url: 'https://github.com/o/r/pull/7',
  outcome: 'created',
  plans: [plan],
  failures: [],
};
export const agreed: AgreeResult = {
  operation: 'agree',
  deployment: 'example',
  file: 'environments/example.json',
  active: 'us-west-2',
  epoch: 1,
  outcome: 'pull request',
  number: 8,
  url: 'https://github.com/o/r/pull/8',
};
export const drifted: DriftResult = {
  operation: 'drift',
  schemaVersion: 1,
  deployments: [],
  failures: [],
  keepsIssues: true,
};
export const applied: ReconcileResult = {
  operation: 'reconcile',
  schemaVersion: 1,
  deployment: 'example',
  scope: 'all',
  startedAt: '2026-11-24T10:00:00Z',
  endedAt: '2026-11-24T10:40:00Z',
  active: plan.active,
  standby: plan.standby,
  outcome: 'applied',
  resumed: false,
  digest: plan.digest,
  pullRequest: 7,
  heldUntil: null,
  steps: [],
  gates: [],
  objects: 0,
  plan,
};
