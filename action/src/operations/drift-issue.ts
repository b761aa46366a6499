import {
  decideDrift,
  DRIFT_LABEL,
  driftingSince,
  driftIssues,
  SAME_MATTER,
  type DriftDecision,
} from '../domain/drift.ts';
import type { DriftFinding } from '../domain/drift-findings.ts';
import type { Author, Issue } from '../domain/github.ts';
import { cleanBody, driftBody, driftTitle } from '../report/drift.ts';
import { leaveFirst, openOnce } from './single-issue.ts';
import type { Keeping } from './sticky-comment.ts';

/** What a look at a deployment found; nothing when all is as Git says. One that could not be looked at is not here. */
export interface DriftReport {
  readonly deployment: string;
  readonly findings: readonly DriftFinding[];
}

export interface DriftOutcome {
  readonly deployment: string;
  readonly act: DriftDecision['act'];
  readonly issue: number | undefined;
  /** ISO, since when something differs, as its issue knows; `undefined` when it does not, or nothing differs. */
  readonly since: string | undefined;
}

/**
 * Keeps one issue for each deployment that has drifted: opened once, updated in place, closed when nothing differs, and
 * opened again rather than doubled. All issues are read in one go, however many deployments there are.
 */
export async function upkeepDriftIssues(
  world: Keeping,
  reports: readonly DriftReport[],
): Promise<readonly DriftOutcome[]> {
  const me = await world.github.me();
  const issues = await ours(world, me);
  const outcomes: DriftOutcome[] = [];
  for (const report of reports) outcomes.push(await upkeepOne(world, me, issues, report));
  return outcomes;
}

const ours = ({ github, clock }: Keeping, { login }: Author): Promise<readonly Issue[]> =>
  // A day more than is looked back: GitHub's clock and ours may differ.
  github.issuesBy(login, new Date(clock.now() - SAME_MATTER - 86_400_000).toISOString());

async function upkeepOne(
  world: Keeping,
  me: Author,
  issues: readonly Issue[],
  { deployment, findings }: DriftReport,
): Promise<DriftOutcome> {
  const own = driftIssues(issues, me, deployment);
  await leaveFirst(
    world,
    own.filter(({ open }) => open),
  );
  const decision = decideDrift(deployment, own, findings, new Date(world.clock.now()).toISOString());
  const { act } = decision;
  const since = 'state' in decision ? driftingSince(decision.state) : undefined;
  if (decision.act === 'nothing') return { deployment, act, issue: undefined, since };
  if (decision.act === 'open') {
    const issue = { title: driftTitle(deployment), body: driftBody(decision.state, findings), labels: [DRIFT_LABEL] };
    const { number } = await openOnce(world, issue, async () => driftIssues(await ours(world, me), me, deployment));
    return { deployment, act, issue: number, since };
  }
  const { number } = decision.issue;
  const { state } = decision;
  const body = findings.length === 0 ? cleanBody(state) : driftBody(state, findings);
  await world.github.updateIssue(number, { body, ...STATES[decision.act] });
  return { deployment, act, issue: number, since };
}

const STATES = { update: {}, cured: {}, reopen: { state: 'open' }, close: { state: 'completed' } } as const;
