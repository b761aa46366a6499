import { expect, test } from '@jest/globals';
import { nextState, readPlanState, type PlanState } from '../../../action/src/domain/sticky.ts';
import { planComment, planSummary, type Render } from '../../../action/src/report/comment.ts';
import { code, t, type Block, type Document } from '../../../action/src/report/document.ts';
import { expectSound, HOSTILE, MAX_BODY } from './sound-markdown.ts';

const RUN = 'https://github.test/team/airflow/actions/runs/77';

function stateOf(answer = 'answer', deployments = 1): PlanState {
  const names = Array.from({ length: deployments }, (_, index) => `deployment-${index}`);
  const digest = (name: string) => Buffer.from(name.repeat(5)).toString('hex').slice(0, 64);
  const digests = Object.fromEntries(names.map((name) => [name, digest(name)]));
  let state: PlanState | undefined;
  for (const at of ['2026-11-24T10:00:00Z', '2026-11-24T11:00:00Z'])
    state = nextState({ at, commit: `commit of ${at}`, answer, digests }, state);
  if (state === undefined) throw new Error('the second plan is newer');
  return state;
}

const table = (rows: number, value: string): Block => ({
  kind: 'table',
  head: ['Field', 'Git', 'active'],
  rows: Array.from({ length: rows }, (_, row) => [`field ${row}`, code(value), t`${value}`]),
});

const details = (rows: number, value: string): Block => ({
  kind: 'details',
  summary: value,
  blocks: [table(rows, value), { kind: 'command', text: value }],
});

/** A plan with so many rows at each level of detail. */
const render =
  (full: number, differences: number, folded: number, counts: number, value = 'value'): Render =>
  (level): Document => {
    const answer: Block = { kind: 'answer', mood: 'attention', text: `level ${level}` };
    if (level === 'counts') return [answer, table(counts, value)];
    return [answer, table(level === 'full' ? full : differences, value), details(folded, value)];
  };

const outsideFences = (markdown: string): string => markdown.replaceAll(/^(`{3,})sh\n[^]*?\n\1$/gm, '$1\n$1');

test('a plan that fits is shown whole, with the plan before it folded', () => {
  const body = planComment(stateOf(), render(5, 3, 2, 1), RUN);
  expect(body).toContain('level full');
  expect(body).toContain('<summary>1 earlier plan</summary>');
  expect(body).toContain(`(${RUN})`);
  expect(body).not.toContain('Left out');
  expect(body.split('\n')[0]).toBe('<!-- mwaadr:plan -->');
});

test.each([
  ['what is in sync is left out first', render(1_700, 10, 10, 1), 'level differences', 'field 9'],
  ['then details are folded', render(1_700, 10, 1_700, 1), 'level differences', 'and details'],
  ['then only counts are left', render(1_700, 1_700, 1_700, 10), 'level counts', 'everything but counts'],
  ['and in the end only the answer', render(1_700, 1_700, 1_700, 1_700), 'the answer', 'everything but this line'],
])('%s', (_name, shown, level, word) => {
  const state = stateOf('the answer');
  const body = planComment(state, shown, RUN);
  expect(body.length).toBeLessThanOrEqual(MAX_BODY);
  expect(body).toContain(level);
  expect(body).toContain(word);
  expect(body).toContain(`(${RUN})`);
  expectSound(body);
  expect(readPlanState(body)).toEqual(state);
});

test('a plan of 400 kB full of hostile values gives a sound comment that GitHub takes', () => {
  const state = stateOf(HOSTILE, 200);
  const shown = render(900, 900, 900, 10, HOSTILE);
  expect(planSummary(shown).length).toBeGreaterThan(400_000);
  const body = planComment(state, shown, `${RUN}) [x](javascript:1`);
  expect(body.length).toBeLessThanOrEqual(MAX_BODY);
  expectSound(outsideFences(body));
  expect(body).not.toContain('javascript');
  expect(readPlanState(body)).toEqual(state);
});

test('at every size in between the comment is sound, and GitHub takes it', () => {
  for (let rows = 1; rows < 700; rows += 160) {
    const body = planComment(stateOf(HOSTILE), render(rows, rows, rows, 1, HOSTILE), RUN);
    expect(body.length).toBeLessThanOrEqual(MAX_BODY);
    expectSound(outsideFences(body));
  }
});

test('around the limit a comment is as long as GitHub takes, and no longer', () => {
  const lengths = Array.from(
    { length: 25 },
    (_, step) => planComment(stateOf(), render(1_460 + 3 * step, 1, 1, 1), RUN).length,
  );
  expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_BODY);
  expect(Math.max(...lengths)).toBeGreaterThan(MAX_BODY - 200);
  expect(Math.min(...lengths)).toBeLessThan(MAX_BODY / 2);
});

test('a set of deployments too large for a comment leaves out the state, and is sound', () => {
  const random = stateOf('answer', 3_000);
  const body = planComment(random, render(1, 1, 1, 1), RUN);
  expect(body.length).toBeLessThanOrEqual(MAX_BODY);
  expect(body).toContain('answer');
});

test('a summary stays within 1 MiB, and is sound at every step', () => {
  for (const rows of [10, 2_500]) {
    const markdown = planSummary(render(rows, rows, rows, 2_500, HOSTILE));
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(1_048_576);
    expectSound(outsideFences(markdown));
  }
});
