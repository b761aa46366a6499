import { expect, test } from '@jest/globals';
import {
  decideDrift,
  driftIssues,
  driftMarker,
  readDriftState,
  sinceOf,
  type DriftDecision,
  type DriftState,
} from '../../../action/src/domain/drift.ts';
import type { DriftFinding } from '../../../action/src/domain/drift-findings.ts';
import type { Issue } from '../../../action/src/domain/github.ts';
import { hidden } from '../../../action/src/domain/hidden-state.ts';

/** `key`, or `key=value`. */
const finding = (text: string): DriftFinding => ({
  key: text.split('=')[0] ?? '',
  what: `\`${text}\` differs`,
  consequence: '',
});
const day = (number: number): string => `2026-11-${String(number).padStart(2, '0')}T10:00:00.000Z`;

const decide = (issues: readonly Issue[], keys: readonly string[], now: string): DriftDecision =>
  decideDrift('bookshop', issues, keys.map(finding), now);

const stateOf = (decision: DriftDecision): DriftState => {
  if (!('state' in decision)) throw new Error(`nothing is done: ${decision.why}`);
  return decision.state;
};

const issue = (number: number, state: DriftState, closedAt?: string): Issue => ({
  number,
  author: 'github-actions[bot]',
  title: '',
  body: `${driftMarker(state.deployment)}\n${hidden(state)}`,
  url: '',
  open: closedAt === undefined,
  closedAt,
});

const opened = (...keys: readonly string[]): DriftState => stateOf(decide([], keys, day(1)));

test('drift opens an issue, and no drift opens none', () => {
  expect(decide([], ['a'], day(1))).toMatchObject({ act: 'open' });
  expect(decide([], [], day(1))).toEqual({ act: 'nothing', why: 'clean' });
});

test('each difference keeps its own age', () => {
  const later = stateOf(decide([issue(1, opened('a'))], ['a', 'b'], day(3)));
  expect(sinceOf(later, finding('a'))).toBe(day(1));
  expect(sinceOf(later, finding('b'))).toBe(day(3));
});

test('a difference that was cured and comes back is new', () => {
  const cured = stateOf(decide([issue(1, opened('a', 'b'))], ['b'], day(2)));
  const back = stateOf(decide([issue(1, cured)], ['a', 'b'], day(3)));
  expect(sinceOf(back, finding('a'))).toBe(day(3));
  expect(sinceOf(back, finding('b'))).toBe(day(1));
});

test('without differences the issue is closed, and remembers from when to when there were some', () => {
  const decision = decide([issue(1, opened('a'))], [], day(4));
  expect(decision).toMatchObject({ act: 'close', issue: { number: 1 } });
  expect(stateOf(decision).episodes).toEqual([{ from: day(1), to: day(4) }]);
});

test('what comes back within seven days opens the same issue again, later a new one', () => {
  const closed = issue(1, stateOf(decide([issue(1, opened('a'))], [], day(4))), day(4));
  const again = decide([closed], ['a'], day(11));
  expect(again).toMatchObject({ act: 'reopen', issue: { number: 1 } });
  expect(sinceOf(stateOf(again), finding('a'))).toBe(day(11));
  expect(stateOf(again).episodes).toHaveLength(1);
  expect(decide([closed], ['a'], day(12))).toMatchObject({ act: 'open' });
});

test('an issue that a person closed stays closed until something else drifts, or for seven days', () => {
  const closed = issue(1, opened('a', 'b'), day(2));
  expect(decide([closed], ['a', 'b'], day(3))).toMatchObject({ act: 'nothing', why: 'a person closed it' });
  const again = decide([closed], ['a', 'c'], day(3));
  expect(again).toMatchObject({ act: 'reopen', issue: { number: 1 } });
  expect(sinceOf(stateOf(again), finding('a'))).toBe(day(1));
  expect(decide([closed], ['a'], day(10))).toMatchObject({ act: 'open' });
});

test('what a person closed is reported again once it was cured in between, all of it or a part', () => {
  const closed = issue(1, opened('a', 'b'), day(2));
  const partly = decide([closed], ['a'], day(3));
  expect(partly).toMatchObject({ act: 'cured', issue: { number: 1 }, state: { open: true } });
  const left = issue(1, stateOf(partly), day(2));
  expect(decide([left], ['a'], day(4))).toMatchObject({ act: 'nothing', why: 'a person closed it' });
  expect(decide([left], ['a', 'b'], day(4))).toMatchObject({ act: 'reopen', issue: { number: 1 } });
  const wholly = decide([closed], [], day(3));
  expect(wholly).toMatchObject({ act: 'cured', state: { open: false, episodes: [{ from: day(1), to: day(3) }] } });
  const cured = issue(1, stateOf(wholly), day(2));
  expect(decide([cured], [], day(4))).toEqual({ act: 'nothing', why: 'clean' });
  expect(decide([cured], ['a'], day(4))).toMatchObject({ act: 'reopen', issue: { number: 1 } });
});

test('another value of the same field is news, and does not make it younger', () => {
  const closed = issue(1, opened('a=1'), day(2));
  expect(decide([closed], ['a=1'], day(3))).toMatchObject({ act: 'nothing' });
  const again = decide([closed], ['a=2'], day(3));
  expect(again).toMatchObject({ act: 'reopen', issue: { number: 1 } });
  expect(sinceOf(stateOf(again), finding('a=2'))).toBe(day(1));
});

test('an issue of an older release, which kept no values, is read all the same', () => {
  const { values: _values, ...older } = opened('a=1');
  const closed = issue(1, older as DriftState, day(2));
  expect(decide([closed], ['a=2'], day(3))).toMatchObject({ act: 'nothing', why: 'a person closed it' });
});

test('of closed issues the newest is opened again, and an open one goes before all of them', () => {
  const closed = [1, 2].map((number) =>
    issue(number, stateOf(decide([issue(number, opened('a'))], [], day(2))), day(2)),
  );
  expect(decide(closed, ['a'], day(3))).toMatchObject({ act: 'reopen', issue: { number: 2 } });
  expect(decide([...closed, issue(3, opened('a'))], ['a'], day(3))).toMatchObject({
    act: 'update',
    issue: { number: 3 },
  });
});

test('an issue whose state somebody damaged is kept all the same, with ages that begin anew', () => {
  const damaged = { ...issue(1, opened('a')), body: driftMarker('bookshop') };
  const decision = decide([damaged], ['a'], day(5));
  expect(decision).toMatchObject({ act: 'update', issue: { number: 1 } });
  expect(sinceOf(stateOf(decision), finding('a'))).toBe(day(5));
});

test('only our own issues of just this deployment count', () => {
  const me = { login: 'github-actions[bot]', startsChecks: false };
  const state = opened('a');
  const all = [
    issue(5, state),
    issue(4, { ...state, deployment: 'bookshop-2' }),
    { ...issue(3, state), author: 'mallory' },
    issue(2, state),
  ];
  expect(driftIssues(all, me, 'bookshop').map(({ number }) => number)).toEqual([2, 5]);
});

test('the state of thousands of differences stays small', () => {
  const many = Array.from({ length: 5_000 }, (_, index) => `artifact:dags/a/very/long/path/of/a/file-${index}.py`);
  const state = stateOf(decide([], many, day(1)));
  expect(hidden(state).length).toBeLessThan(30_000);
  expect(readDriftState({ body: hidden(state) })).toEqual(state);
});
