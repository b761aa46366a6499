import { MdrError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { shownText } from './drift-findings.ts';
import type { Plan } from './plan-model.ts';
import { foreignMoves } from './reconcile-record.ts';
import type { ReconcileRecord, ReconcileScope } from './reconcile-record.ts';
import type { ReconcileOutcome } from './reconcile-result.ts';
import { isPassing } from './reconcile-follow.ts';

/** The plan that somebody approved. */
export interface ReviewedPlan {
  readonly digest: string;
  /** Field → fingerprint, as the pull request's comment keeps them; `undefined` when only a digest was given. */
  readonly fingerprints: Readonly<Record<string, string>> | undefined;
  /** The pull request that was merged; `undefined` = the digest was typed by hand. */
  readonly pullRequest: number | undefined;
}

export interface ReconcileRequest {
  readonly expected: ReviewedPlan | undefined;
  readonly scope: ReconcileScope;
  /** The head of the default branch, where that is another commit than the one that is checked out. */
  readonly newer?: string | undefined;
}

/** All that the decision rests on. */
export interface ReconcileFacts {
  readonly plan: Plan;
  readonly fingerprints: Readonly<Record<string, string>>;
  /** What an earlier run left behind, of this epoch. */
  readonly record: ReconcileRecord | undefined;
  /** Whether self-heal has tried exactly this plan before. */
  readonly tried: boolean;
  readonly request: ReconcileRequest;
}

export type ReconcileDecision =
  | {
      readonly kind: 'rest';
      readonly outcome: Exclude<ReconcileOutcome, 'applied'>;
      /** The record of a run that was killed, of a plan that nobody asks for any more: to be closed. */
      readonly stale?: ReconcileRecord | undefined;
      /** The record of the run whose end is waited for. */
      readonly behind?: ReconcileRecord;
    }
  | { readonly kind: 'refuse'; readonly error: MdrError }
  | { readonly kind: 'apply'; readonly resumed: boolean };

/** Names of the fields whose fingerprint differs: given by the planner. */
export type MovedSince = (
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
) => readonly string[];

/** Whether a plan is carried out. Changes nothing and asks nobody. */
export function decideReconcile(facts: ReconcileFacts, movedSince: MovedSince): ReconcileDecision {
  const { plan, request } = facts;
  const unfinished = unfinishedOf(facts);
  const isEmpty = plan.outcome === 'in sync' || plan.outcome === 'differs';
  if (isEmpty && unfinished === undefined) return { kind: 'rest', outcome: plan.outcome, stale: staleOf(facts) };
  if (plan.heldUntil !== null) return { kind: 'rest', outcome: 'held' };
  if (plan.outcome === 'refused') return { kind: 'refuse', error: refusedPlan(plan) };
  if (request.scope === 'self-heal') return unasked(facts, unfinished, movedSince);
  if (request.newer !== undefined && hasArtifactWork(plan))
    return { kind: 'refuse', error: outdatedArtifacts(plan, request.newer, unfinished) };
  if (request.expected === undefined) return unreviewed(facts, unfinished);
  const failed = failedBefore(facts);
  if (failed !== undefined) return { kind: 'refuse', error: failed };
  if (plan.digest === request.expected.digest) return { kind: 'apply', resumed: unfinished !== undefined };
  return resumable(facts, unfinished, movedSince);
}

const hasArtifactWork = ({ sites }: Plan): boolean =>
  sites.some(({ changes }) => changes.some(({ kind }) => kind === 'upload' || kind === 'delete object'));

/**
 * Self-heal begins only at rest, tries each plan once, and keeps away from a reviewed change that came to no end. Of its
 * own it finishes what the service is at, or what nobody has changed since.
 */
function unasked(
  { plan, fingerprints, record, tried }: ReconcileFacts,
  unfinished: ReconcileRecord | undefined,
  movedSince: MovedSince,
): ReconcileDecision {
  if (record?.outcome === 'under way' && record.scope !== 'self-heal')
    return { kind: 'rest', outcome: 'busy', behind: record };
  const isEmpty = plan.outcome !== 'changes';
  if (unfinished !== undefined && (isEmpty || isAtWork(plan, unfinished))) return { kind: 'apply', resumed: true };
  if (tried) return { kind: 'rest', outcome: 'tried' };
  const isOurs =
    unfinished !== undefined &&
    foreignMoves(unfinished, plan, movedSince(unfinished.fingerprints, fingerprints)).length === 0;
  if (isOurs) return { kind: 'apply', resumed: true };
  const isQuiet = plan.sites.every(({ status }) => status === 'AVAILABLE' || status === 'missing');
  return isQuiet ? { kind: 'apply', resumed: false } : { kind: 'rest', outcome: 'busy' };
}

/** Whether the service is at work on the change that was noted last. */
const isAtWork = ({ sites }: Plan, { step }: ReconcileRecord): boolean =>
  sites.some(({ region, status }) => region === step?.site && isPassing(status));

/** The record of a run that came to no end, of the plan that is asked for. */
function unfinishedOf({ record, request }: ReconcileFacts): ReconcileRecord | undefined {
  if (record?.outcome !== 'under way' || record.scope !== request.scope) return undefined;
  return request.expected === undefined || request.expected.digest === record.digest ? record : undefined;
}

/** Git and both sites are at one again without it: nobody will ever come back for the plan of this record. */
function staleOf({ plan, record, request }: ReconcileFacts): ReconcileRecord | undefined {
  const isQuiet = plan.sites.every(({ status }) => !isPassing(status));
  return record?.outcome === 'under way' && request.scope === 'all' && isQuiet ? record : undefined;
}

/** Nothing is left to change, only an end to be proven: that needs no review. */
function unreviewed(facts: ReconcileFacts, unfinished: ReconcileRecord | undefined): ReconcileDecision {
  const isEmpty = facts.plan.outcome !== 'changes';
  if (isEmpty && unfinished !== undefined) return { kind: 'apply', resumed: true };
  return { kind: 'refuse', error: unreviewedPlan(facts.plan) };
}

/** A half-applied plan shows another digest than the reviewed one; what moved beyond our own changes refuses it. */
function resumable(
  { plan, fingerprints, request }: ReconcileFacts,
  unfinished: ReconcileRecord | undefined,
  movedSince: MovedSince,
): ReconcileDecision {
  const before = unfinished?.fingerprints ?? request.expected?.fingerprints;
  const moved = before === undefined ? [] : movedSince(before, fingerprints);
  const foreign = unfinished === undefined ? moved : foreignMoves(unfinished, plan, moved);
  if (unfinished !== undefined && foreign.length === 0) return { kind: 'apply', resumed: true };
  return { kind: 'refuse', error: movedPlan(plan, foreign, unfinished) };
}

/** An error that has the plan with it, for whoever shows it. */
export class PlanError extends MdrError {
  readonly plan: Plan;

  constructor(plan: Plan, code: ErrorCode, message: string, fix: string, state = 'nothing was touched') {
    super({ code, message, fix, state });
    this.plan = plan;
  }
}

const refusedPlan = (plan: Plan): PlanError =>
  new PlanError(
    plan,
    'MDR-PLAN-REFUSED',
    plan.refusals.map(({ code, message, fix }) => `${code}: ${message} Way out: ${fix}`).join('\n'),
    'Change the deployment file in a new pull request, as said above.',
  );

const unreviewedPlan = (plan: Plan): PlanError =>
  new PlanError(
    plan,
    'MDR-PLAN-UNREVIEWED',
    `${plan.deployment} has changes to make, but no merged pull request with their plan was found`,
    `Open a pull request that changes ${plan.file}, or run the workflow \`reconcile\` by hand with \`digest\` ${plan.digest}, which is that of the plan above.`,
  );

/** Where the artifacts of the branch are the same, the plan is too, and its digest approves it there. */
const outdatedArtifacts = (plan: Plan, newer: string, unfinished: ReconcileRecord | undefined): PlanError =>
  new PlanError(
    plan,
    'MDR-PLAN-OUTDATED',
    `the default branch is at ${newer.slice(0, 7)} by now, and this plan would deploy the artifacts of the commit that is checked out, which is another one`,
    `Run the workflow \`reconcile\` by hand on the default branch with \`digest\` ${plan.digest}. Where the newer commits have changed these artifacts it refuses that, and shows the plan as it is now.`,
    stateLeft(unfinished),
  );

/** A rolled-back change is tried again only by somebody who asks for it. */
function failedBefore({ plan, record, request }: ReconcileFacts): PlanError | undefined {
  if (record?.outcome !== 'failed' || record.digest !== request.expected?.digest) return undefined;
  if (request.expected.pullRequest === undefined) return undefined;
  return new PlanError(
    plan,
    'MDR-UPDATE-FAILED',
    `this plan was tried by ${record.actor} and MWAA gave it up: ${record.message}`,
    `Correct the deployment file in a new pull request. If the cause lay elsewhere and is gone, run the workflow \`reconcile\` by hand with \`digest\` ${plan.digest}.`,
  );
}

function movedPlan(plan: Plan, moved: readonly string[], unfinished: ReconcileRecord | undefined): PlanError {
  const lines = moved.map((field) => movedLine(plan, field));
  const head =
    lines.length === 0
      ? 'the plan is not the one that was reviewed'
      : 'the plan is not the one that was reviewed; since then these have moved:';
  return new PlanError(
    plan,
    'MDR-PLAN-MOVED',
    [head, ...lines].join('\n'),
    `Look at the plan as it is now. If it is what you want, run the workflow \`reconcile\` by hand with \`digest\` ${plan.digest}; else set right what moved, or open a new pull request.`,
    stateLeft(unfinished),
  );
}

/** A plan may be half-way when it is met by a change of somebody else's. */
function stateLeft(unfinished: ReconcileRecord | undefined): string | undefined {
  const sites = (unfinished?.touched ?? []).map(({ site }) => site);
  if (sites.length === 0) return undefined;
  return `${sites.join(' and ')} ${sites.length === 1 ? 'was' : 'were'} told the reviewed changes already; nothing was touched after them`;
}

function movedLine(plan: Plan, field: string): string {
  const row = plan.fields.find((candidate) => candidate.field === field);
  if (row === undefined) return /^[A-Z]/.test(field) ? `${field}: no longer set anywhere` : field;
  const { git, active, standby } = row;
  return `${field}: Git ${shownText(git.active)}, ${plan.active} ${shownText(active)}, ${plan.standby} ${shownText(standby)}`;
}
