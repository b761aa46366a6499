import { describe, expect, test } from '@jest/globals';
import type { PlannedWork } from '../../../action/src/domain/planner.ts';
import { nextState, readPlanState, type PlanState } from '../../../action/src/domain/sticky.ts';
import { planComment, planSummary, type Render } from '../../../action/src/report/comment.ts';
import { answerOf, planSetReport, type PlanSet } from '../../../action/src/report/plan-set.ts';
import { deploymentWith, planned } from '../domain/plan-cases.ts';
import type { Case } from '../domain/plan-cases.ts';
import { expectSound, HOSTILE, MAX_BODY } from './sound-markdown.ts';

/** Real plans in the comment of their pull request. */
const CONTEXT = { file: '', onGitHub: true, maxRows: Number.MAX_SAFE_INTEGER };
const RUN = 'https://github.test/team/airflow/actions/runs/77';

const named = (name: string) => deploymentWith((file) => (file['deployment'] = name));

/** Differences of one deployment, as many as tags can make them, none of which looks harmless. */
const hostileTags = (count: number): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`Tags.${HOSTILE} ${at}`, `${HOSTILE} ${at}`]));

const fleet = (count: number, of: (at: number) => Case): readonly PlannedWork[] =>
  Array.from({ length: count }, (_, at) => planned({ deployment: named(`orders-and-invoices-${at}`), ...of(at) }));

const setOf = (works: readonly PlannedWork[]): PlanSet => ({ plans: works.map(({ plan }) => plan), failures: [] });
const renderOf =
  (works: readonly PlannedWork[]): Render =>
  (detail) =>
    planSetReport(setOf(works), detail, CONTEXT);

function stateOf(works: readonly PlannedWork[]): PlanState {
  const by = <T>(value: (work: PlannedWork) => T) =>
    Object.fromEntries(works.map((work) => [work.plan.deployment, value(work)]));
  const state = nextState(
    {
      at: '2026-11-24T10:00:00Z',
      commit: 'a'.repeat(40),
      answer: answerOf(setOf(works)),
      digests: by(({ plan }) => plan.digest),
      fingerprints: by(({ fingerprints }) => fingerprints),
    },
    undefined,
  );
  if (state === undefined) throw new Error('the first plan is the newest');
  return state;
}

const IMMUTABLE = { 'NetworkConfiguration.SubnetIds': ['subnet-a', 'subnet-b'] };

describe('the comment with the plans of 200 deployments', () => {
  const works = fleet(200, (at) => ({ east: hostileTags(6), west: { MaxWorkers: 3, ...(at === 7 && IMMUTABLE) } }));
  const body = planComment(stateOf(works), renderOf(works), RUN);

  test('is taken by GitHub and sound, however much has to be left out', () => {
    expect(JSON.stringify(works.map(({ plan }) => plan)).length).toBeGreaterThan(400_000);
    expect(body.length).toBeLessThanOrEqual(MAX_BODY);
    expectSound(body);
  });

  test('names every deployment with its answer, and why one would be refused', () => {
    for (const { plan } of works) expect(body).toContain(`${plan.deployment} would`);
    expect(body).toContain(
      'orders-and-invoices-7 would not be changed: 1 reason against this plan (MDR-PLAN-IMMUTABLE)',
    );
  });

  test('keeps the digest of each, by which a merge is recognised', () => {
    expect(readPlanState(body)?.digests).toEqual(stateOf(works).digests);
    expect(new Set(works.map(({ plan }) => plan.digest)).size).toBe(200);
  });

  test('has its summary within 1 MiB, and sound', () => {
    const summary = planSummary(renderOf(works));
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(1_048_576);
    expectSound(summary);
  });
});

test.each([
  [1, 80, true],
  [3, 10, true],
  [1, 700, false],
  [12, 40, false],
  [300, 1, false],
])(
  'a comment with %i plans of %i hostile differences each is taken by GitHub and sound',
  (count, differences, fits) => {
    const works = fleet(count, () => ({ east: hostileTags(differences) }));
    const body = planComment(stateOf(works), renderOf(works), RUN);
    expect(body.includes('Left out')).toBe(!fits);
    expect(body.length).toBeLessThanOrEqual(MAX_BODY);
    expectSound(body);
    expect(readPlanState(body)?.digests).toEqual(stateOf(works).digests);
  },
);

test('a summary that has room for every hostile difference is sound', () => {
  const works = fleet(12, () => ({ east: hostileTags(40) }));
  const summary = planSummary(renderOf(works));
  expect(summary).not.toContain('Left out');
  expectSound(summary);
});

test('a value that is cut is cut between characters', () => {
  const emoji = 'x'.repeat(119) + '\u{1F600}'.repeat(9);
  const works = fleet(1, () => ({ east: { 'Tags.mood': emoji, [`Tags.${emoji}`]: 'x' } }));
  expectSound(planComment(stateOf(works), renderOf(works), RUN));
});

test('counts alone still say each deployment once, and the codes of what is refused', () => {
  const works = [
    ...fleet(1, () => ({ west: { MaxWorkers: 3 } })),
    planned({ deployment: named('payroll'), west: IMMUTABLE }),
  ];
  const list = planSetReport(setOf(works), 'counts', CONTEXT).filter(({ kind }) => kind === 'list');
  expect(list).toHaveLength(1);
  const text = JSON.stringify(list);
  expect(text.split('payroll')).toHaveLength(2);
  expect(text).toContain('MDR-PLAN-IMMUTABLE');
});

test('few plans are read one below the other: each with its answer, its work and its digest, what is well folded', () => {
  const works = fleet(3, (at) => ({ west: { MaxWorkers: 3 + at } }));
  const body = planComment(stateOf(works), renderOf(works), RUN);
  expectSound(body);
  expect(body).not.toContain('Left out');
  const sections = body.split(/^### /m).slice(2);
  expect(sections).toHaveLength(2);
  for (const [at, section] of sections.entries()) {
    const order = [
      `⚠️ orders-and-invoices-${at} would be changed`,
      '| <code>MaxWorkers</code> |',
      '#### On merge, in this order',
      'fields that need nothing: ',
      `Digest <code>${works[at]?.plan.digest}`,
    ];
    const places = order.map((words) => section.indexOf(words));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  }
  expect(body).toContain('<summary>orders-and-invoices-2 is in sync');
});
