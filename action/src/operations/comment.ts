import { MdrError } from '../domain/errors.ts';
import type { Inputs } from '../domain/inputs.ts';
import { FAILURE_ENDING, parseFailure, parsePlan, PLAN_ENDING, unplanned } from '../domain/plan-files.ts';
import type { GitHub } from '../domain/github.ts';
import type { CommentResult } from '../domain/results.ts';
import { planComments } from '../domain/sticky.ts';
import { iso } from '../domain/stored-json.ts';
import type { Tools } from '../domain/tools.ts';
import { answerOf, planSetReport, type PlanSet } from '../report/plan-set.ts';
import type { Context } from '../report/words.ts';
import { upkeepComment } from './sticky-comment.ts';

/** Shows the plans that other jobs made in the one comment of their pull request. */
export async function comment(tools: Tools, inputs: Inputs<'comment'>): Promise<CommentResult> {
  const { workspace, clock, log, run } = tools;
  const github = tools.github();
  const number = inputs['pull-request'];
  const files = (await workspace.read(inputs.plans, PLAN_ENDING)).map(({ path, text }) => parsePlan(path, text));
  const failed = (await workspace.read(inputs.plans, FAILURE_ENDING)).map(({ path, text }) => parseFailure(path, text));
  const plans = files.map(({ plan }) => plan);
  const failures = [...failed, ...unplanned(inputs.expected ?? [], [...plans, ...failed])];
  const set: PlanSet = { plans, failures };
  const pull = await github.pullRequest(number);
  if (pull === undefined) throw noPullRequest(number, github.repository);
  const isEmpty = plans.length === 0 && failures.length === 0;
  if (isEmpty && !(await hasComment(github, number)))
    return { operation: 'comment', pullRequest: number, url: pull.url, outcome: 'none', ...set };
  const context: Context = { file: '', onGitHub: true, maxRows: Number.MAX_SAFE_INTEGER };
  const outcome = await upkeepComment(
    { github, clock, log },
    number,
    {
      at: newest(set) ?? iso(clock.now()),
      commit: run.commit ?? '',
      answer: answerOf(set),
      digests: Object.fromEntries(files.map(({ plan }) => [plan.deployment, plan.digest])),
      fingerprints: Object.fromEntries(files.map(({ plan, fingerprints }) => [plan.deployment, fingerprints])),
    },
    (detail) => planSetReport(set, detail, context),
    run.url,
  );
  return { operation: 'comment', pullRequest: number, url: pull.url, outcome, ...set };
}

/** A comment that was about something must not go on saying so; without one there is nothing to say. */
const hasComment = async (github: GitHub, number: number): Promise<boolean> =>
  planComments(await github.comments(number), await github.me()).length > 0;

/** When the last of the plans was made: a run that began later has seen more. */
const newest = ({ plans }: PlanSet): string | undefined =>
  plans
    .map(({ at }) => at)
    .toSorted()
    .at(-1);

const noPullRequest = (number: number, repository: string): MdrError =>
  new MdrError({
    code: 'MDR-INPUT-INVALID',
    message: `${repository} has no pull request ${number}`,
    fix: 'Give `pull-request` the number of the pull request that the plans belong to.',
    state: 'nothing was touched',
  });
