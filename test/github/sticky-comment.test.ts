import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { reviewedPlanOf } from '../../action/src/operations/reconcile-reviewed.ts';
import { upkeepComment } from '../../action/src/operations/sticky-comment.ts';
import { PLAN_MARKER, readPlanState, type PlanNote } from '../../action/src/domain/sticky.ts';
import { code, t, type Document } from '../../action/src/report/document.ts';
import { startBed, type Bed } from './bed.ts';

const HOSTILE = '| ``` </details> <!-- x --> @everyone \n\n~~~\n### h \u0007 <img src=x>';

let bed: Bed;
let pull: number;

beforeEach(async () => {
  bed = await startBed();
  const { repository } = bed.double;
  repository.addBranch('work', repository.branch('main').sha);
  pull = repository.addPull('mallory', { title: 'work', head: 'work' }).number;
});

afterEach(() => bed.close());

const plan = (minute: number, more: Partial<PlanNote> = {}): PlanNote => ({
  at: `2026-11-24T10:${String(minute).padStart(2, '0')}:00Z`,
  commit: `commit-${minute}`,
  answer: `answer ${minute}`,
  digests: { bookshop: `digest-${minute}` },
  ...more,
});

const render = (rows: number) => (): Document => [
  { kind: 'answer', mood: 'good', text: 'the plan' },
  {
    kind: 'table',
    head: ['Field', 'value'],
    rows: Array.from({ length: rows }, () => [code(HOSTILE), t`${HOSTILE}`]),
  },
];

const upkeep = (note: PlanNote, rows = 1) => upkeepComment(bed.as('job-token'), pull, note, render(rows));

/** All comments of ours, as they are on GitHub now. */
const ours = () => bed.double.repository.comments.filter(({ author }) => author === 'github-actions[bot]');
const shown = () => ours().map(({ body }) => readPlanState(body)?.commit);

test('one comment, however often a plan is made, with the earlier ones in its history', async () => {
  expect(await upkeep(plan(1))).toBe('created');
  expect(await upkeep(plan(2))).toBe('updated');
  expect(await upkeep(plan(3))).toBe('updated');
  expect(shown()).toEqual(['commit-3']);
  expect(ours()[0]?.body).toContain('2 earlier plans');
});

test('our comment is found behind 120 others, and nobody who copies its marker is touched', async () => {
  const { repository } = bed.double;
  repository.addComment('mallory', pull, `${PLAN_MARKER}\nmine!`);
  for (let count = 0; count < 110; count += 1) repository.addComment('mallory', pull, `comment ${count}`);
  await upkeep(plan(1));
  for (let count = 0; count < 10; count += 1) repository.addComment('mallory', pull, `comment ${count}`);
  await upkeep(plan(2));
  expect(shown()).toEqual(['commit-2']);
  expect(repository.comments[0]?.body).toBe(`${PLAN_MARKER}\nmine!`);
  expect(bed.double.writes).toEqual([`POST /issues/${pull}/comments`, `PATCH /issues/comments/${ours()[0]?.id ?? 0}`]);
});

test('a plan of 400 kB full of hostile values becomes a comment that GitHub takes', async () => {
  const rows = 1_500;
  await upkeep(plan(1), rows);
  const [comment] = ours();
  expect(comment?.body.length).toBeLessThanOrEqual(65_536);
  expect(shown()).toEqual(['commit-1']);
});

test('an older plan that comes late leaves the newer one', async () => {
  await upkeep(plan(5));
  expect(await upkeep(plan(4))).toBe('outdated');
  expect(shown()).toEqual(['commit-5']);
});

test('a pull request that is not open any more is left as it was reviewed', async () => {
  await upkeep(plan(1));
  bed.double.repository.merge(pull);
  const { length } = bed.double.writes;
  expect(await upkeep(plan(30))).toBe('closed');
  expect(shown()).toEqual(['commit-1']);
  expect(bed.double.writes).toHaveLength(length);
});

test('what a run that was late writes all the same is not what was reviewed', async () => {
  const { repository } = bed.double;
  const commit = repository.commit('work', 'a.json', 'x');
  await upkeep(plan(1, { commit }));
  const merge = repository.merge(pull);
  const { github } = bed.as('job-token');
  expect(await reviewedPlanOf(github, merge, 'bookshop')).toMatchObject({ digest: 'digest-1', pullRequest: pull });
  bed.clock.pass(60_000);
  const [comment] = ours();
  await github.updateComment(comment?.id ?? 0, comment?.body ?? '');
  expect(await reviewedPlanOf(github, merge, 'bookshop')).toBeUndefined();
});

test('two runs that begin at once leave one comment, with the newer plan', async () => {
  await Promise.all([upkeep(plan(1)), upkeep(plan(2)), upkeep(plan(3))]);
  expect(shown()).toEqual(['commit-3']);
});

test('comments that a race left behind are reduced to the oldest, with the newest plan and no newer one lost', async () => {
  await upkeep(plan(7));
  const [first] = ours();
  const { repository } = bed.double;
  repository.addComment('github-actions[bot]', pull, first?.body ?? '');
  if (first !== undefined) first.body = first.body.slice(0, 30);
  expect(await upkeep(plan(6))).toBe('outdated');
  expect(ours().map(({ id }) => id)).toEqual([first?.id]);
  expect(shown()).toEqual(['commit-7']);
});

test('the same plan again changes nothing on GitHub', async () => {
  await upkeep(plan(1));
  const { length } = bed.double.writes;
  await upkeep(plan(1));
  expect(bed.double.writes).toHaveLength(length);
});

describe('when GitHub is not well', () => {
  const faults = {
    'a reply is lost': () => {
      bed.double.fail('POST /comments$', { kind: 'reply lost' });
    },
    'the create is refused': () => {
      bed.double.fail('POST /comments$', { kind: 'refused' });
    },
    'every kind of call is broken once': () => {
      for (const line of ['GET /comments$', 'POST /comments$', 'POST /graphql'])
        bed.double.fail(line, { kind: 'answer', status: 502, body: '<html>' });
    },
    'there is a limit on everything': () => {
      for (const line of ['GET /comments$', 'POST /comments$', 'POST /graphql']) bed.double.throttle(line, 5);
    },
  };
  test.each(Object.entries(faults))('%s: there is one comment all the same', async (_name, plant) => {
    plant();
    await upkeep(plan(1));
    expect(shown()).toEqual(['commit-1']);
  });

  test('an update whose reply was lost is one update', async () => {
    await upkeep(plan(1));
    bed.double.fail('PATCH /comments', { kind: 'reply lost' });
    await upkeep(plan(2));
    expect(shown()).toEqual(['commit-2']);
    expect(ours()[0]?.body).toContain('1 earlier plan<');
  });

  test('a token that may not comment is an error that names the permission', async () => {
    const failure = upkeepComment(bed.as('read-token'), pull, plan(1), render(1));
    await expect(failure).rejects.toMatchObject({ code: 'MDR-GITHUB-DENIED' });
  });
});
