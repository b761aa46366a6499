import { expect, test } from '@jest/globals';
import { hidden, revealed } from '../../../action/src/domain/hidden-state.ts';
import {
  digestOfAll,
  newestPlan,
  nextState,
  PLAN_MARKER,
  planComments,
  readPlanState,
  reviewedPlan,
  type PlanNote,
  type PlanState,
} from '../../../action/src/domain/sticky.ts';
import { z } from 'zod';

const me = { login: 'github-actions[bot]', startsChecks: false };

const plan = (minute: number, more: Partial<PlanNote> = {}): PlanNote => ({
  at: `2026-11-24T10:${String(minute).padStart(2, '0')}:00Z`,
  commit: `commit-${minute}`,
  answer: `answer ${minute}`,
  digests: { bookshop: `digest-${minute}` },
  ...more,
});

const state = (note: PlanNote, before?: PlanState): PlanState => {
  const next = nextState(note, before);
  if (next === undefined) throw new Error('older than what is there');
  return next;
};

const body = (of: PlanState): string => `${PLAN_MARKER}\nsome words\n${hidden(of)}\n`;

test('what a comment hides is read back, whatever is in it', () => {
  const hostile = state(plan(1, { answer: '--> <!-- mwaadr:state x --> ``` </details> \u0000 @everyone ж🛑' }));
  const text = body(hostile);
  expect(readPlanState(text)).toEqual(hostile);
  expect(text.split('-->')).toHaveLength(3);
});

test('a state that was edited, cut off or never there is no state', () => {
  const whole = body(state(plan(1)));
  const damaged = [whole.slice(0, -20), whole.replace('state ', 'state AAAA'), PLAN_MARKER, whole.slice(3), ''];
  for (const text of damaged) expect(readPlanState(text)).toBeUndefined();
});

test('a state that would fill the memory is not unpacked', () => {
  const bomb = hidden('x'.repeat(5_000_000));
  expect(bomb.length).toBeLessThan(10_000);
  expect(revealed(bomb, z.string())).toBeUndefined();
});

const updatedAt = '2026-11-24T10:00:00Z';

test('a marker in somebody else’s comment, or quoted in ours, makes it none of ours', () => {
  const comments = [
    { id: 3, author: me.login, body: PLAN_MARKER, updatedAt },
    { id: 1, author: 'mallory', body: PLAN_MARKER, updatedAt },
    { id: 4, author: me.login, body: `> ${PLAN_MARKER}`, updatedAt },
    { id: 2, author: me.login, body: PLAN_MARKER, updatedAt },
  ];
  expect(planComments(comments, me).map(({ id }) => id)).toEqual([2, 3]);
});

test('the plan before goes into the history, newest first and ten at most', () => {
  let last = state(plan(0));
  for (let minute = 1; minute <= 12; minute += 1) last = state(plan(minute), last);
  expect(last.history.map(({ answer }) => answer)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => `answer ${n}`));
  expect(last.history[0]).toEqual({ at: plan(11).at, commit: 'commit-11', digest: 'digest-11', answer: 'answer 11' });
});

test('the same plan of the same commit made again is no history', () => {
  const first = state(plan(1));
  expect(state(plan(2, { commit: 'commit-1', digests: { bookshop: 'digest-1' } }), first).history).toEqual([]);
  expect(state(plan(2, { commit: 'commit-1' }), first).history).toHaveLength(1);
});

test('an older plan never replaces a newer one', () => {
  expect(nextState(plan(1), state(plan(2)))).toBeUndefined();
});

test('an endless answer is cut', () => {
  expect(state(plan(1, { answer: '🛑'.repeat(5_000) })).answer).toBe('🛑'.repeat(300));
});

test('what was reviewed is the newest of our plans, not what somebody else wrote', () => {
  const forged = { id: 9, author: 'mallory', body: body(state(plan(30))), updatedAt };
  const comments = [plan(2), plan(4), plan(3)].map((note, id) => ({
    id,
    author: me.login,
    body: body(state(note)),
    updatedAt,
  }));
  expect(newestPlan(comments)?.state.commit).toBe('commit-4');
  expect(reviewedPlan([...comments, forged], me)?.commit).toBe('commit-4');
  expect(reviewedPlan([forged], me)).toBeUndefined();
});

test('the digest of a set does not depend on its order, that of one deployment is its own', () => {
  expect(digestOfAll({ a: '1' })).toBe('1');
  expect(digestOfAll({ a: '1', b: '2' })).toBe(digestOfAll({ b: '2', a: '1' }));
  expect(digestOfAll({ a: '1', b: '2' })).not.toBe(digestOfAll({ a: '1', b: '3' }));
});
