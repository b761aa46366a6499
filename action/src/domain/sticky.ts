import { z } from 'zod';
import { sha256 } from './envelope.ts';
import { ownMarked, type Author, type IssueComment } from './github.ts';
import { revealed } from './hidden-state.ts';

/** Our comment begins with it. Never changes: the comments of older releases are found by it. */
export const PLAN_MARKER = '<!-- mwaadr:plan -->';

/** How many earlier plans are kept. */
const HISTORY = 10;
const MAX_ANSWER = 300;

const earlierPlan = z.object({
  /** ISO, when the plan was made. */
  at: z.string(),
  commit: z.string(),
  /** Over all deployments: see {@link digestOfAll}. */
  digest: z.string(),
  /** Its first line. */
  answer: z.string(),
});

const planState = z.object({
  schemaVersion: z.literal(1),
  at: z.string(),
  commit: z.string(),
  answer: z.string(),
  /** Digest of each deployment's plan. */
  digests: z.record(z.string(), z.string()),
  /** Of each deployment's fields, to say what moved; left out where there is no room for them. */
  fingerprints: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  /** Newest first. */
  history: z.array(earlierPlan),
});

/** What a comment says of the plan it shows, for machines. */
export type PlanState = Readonly<z.infer<typeof planState>>;
export type EarlierPlan = Readonly<z.infer<typeof earlierPlan>>;

/** A plan as it was made for the head of a pull request. */
export interface PlanNote {
  /** ISO. */
  readonly at: string;
  /** The head of the pull request. */
  readonly commit: string;
  /** One line. */
  readonly answer: string;
  readonly digests: Readonly<Record<string, string>>;
  readonly fingerprints?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What was reviewed, from the body of a comment; `undefined` when it is none of ours or was damaged. */
export const readPlanState = (body: string): PlanState | undefined =>
  body.startsWith(PLAN_MARKER) ? revealed(body, planState) : undefined;

/** One digest for a set of deployments; that of the deployment itself when it is the only one. */
export function digestOfAll(digests: Readonly<Record<string, string>>): string {
  const all = Object.entries(digests).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const [first, ...more] = all;
  if (first === undefined || more.length === 0) return first?.[1] ?? '';
  return sha256(JSON.stringify(all));
}

/** Our comments of a pull request, oldest first. More than one when two runs began at once. */
export const planComments = (comments: readonly IssueComment[], me: Author): readonly IssueComment[] =>
  ownMarked(comments, me, PLAN_MARKER, ({ id }) => id);

/** The plan that was reviewed last, from all comments of a pull request. */
export const reviewedPlan = (comments: readonly IssueComment[], me: Author): PlanState | undefined =>
  newestPlan(planComments(comments, me))?.state;

/** The comment with the newest plan. Of equally new ones the oldest comment. */
export function newestPlan(
  comments: readonly IssueComment[],
): { readonly body: string; readonly state: PlanState } | undefined {
  const read = comments.flatMap(({ body }) => {
    const state = readPlanState(body);
    return state === undefined ? [] : [{ body, state }];
  });
  return read.reduce<(typeof read)[number] | undefined>(
    (newest, next) => (newest === undefined || next.state.at > newest.state.at ? next : newest),
    undefined,
  );
}

/**
 * The state that a comment shows after this plan: the one before goes into the history, unless it was the same plan of
 * the same commit. `undefined`: the comment shows a newer plan already, which an older one never replaces.
 */
export function nextState(plan: PlanNote, before: PlanState | undefined): PlanState | undefined {
  if (before !== undefined && before.at > plan.at) return undefined;
  const { at, commit, digests, fingerprints = {} } = plan;
  const answer = Array.from(plan.answer).slice(0, MAX_ANSWER).join('');
  return { schemaVersion: 1, at, commit, answer, digests, fingerprints, history: historyOf(plan, before) };
}

function historyOf({ commit, digests }: PlanNote, before: PlanState | undefined): PlanState['history'] {
  if (before === undefined) return [];
  const digest = digestOfAll(before.digests);
  if (before.commit === commit && digest === digestOfAll(digests)) return before.history;
  const { at, answer } = before;
  return [{ at, commit: before.commit, digest, answer }, ...before.history].slice(0, HISTORY);
}
