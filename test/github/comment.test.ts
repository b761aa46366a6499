import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseInputs } from '../../action/src/domain/inputs.ts';
import { FAILURE_ENDING, PLAN_ENDING } from '../../action/src/domain/plan-files.ts';
import type { Tools } from '../../action/src/domain/tools.ts';
import { comment } from '../../action/src/operations/comment.ts';
import { planned } from '../unit/domain/plan-cases.ts';
import { type Bed, startBed } from './bed.ts';

let bed: Bed;
let number: number;
beforeEach(async () => {
  bed = await startBed();
  const { repository } = bed.double;
  repository.addBranch('work', repository.branch('main').sha);
  number = repository.addPull('mallory', { title: 'work', head: 'work' }).number;
});
afterEach(() => bed.close());

const { plan, fingerprints } = planned({ east: { MaxWorkers: 9 } });
const PLAN = { path: `plans/example${PLAN_ENDING}`, text: JSON.stringify({ plan, fingerprints }) };
const [SHOWN, OTHER] = [plan.file, 'environments/other.json'];
const groups = (...files: string[]) =>
  JSON.stringify(files.map((deployments) => ({ name: 'x', id: 'x', deployments })));

/** Comments on what the plan jobs left, given the groups that there should be. */
function run(left: readonly { readonly path: string; readonly text: string }[], expected: string) {
  const tools = {
    ...bed.as('job-token'),
    github: () => bed.as('job-token').github,
    workspace: {
      read: (_folder: string, ending: string) => Promise.resolve(left.filter(({ path }) => path.endsWith(ending))),
    },
    run: { commit: 'c', commits: undefined, pullRequest: number, url: undefined },
  };
  const inputs = parseInputs('comment', { plans: 'plans', 'pull-request': String(number), expected });
  return comment(tools as unknown as Tools, inputs);
}
const bodies = () => bed.double.repository.comments.map(({ body }) => body);

test('what was to be planned and has no plan is a failure of its own', async () => {
  await run([PLAN], groups(`${SHOWN} ${OTHER}`));
  expect(bodies()).toEqual([expect.stringContaining('2 deployments: 1 could not be planned, 1 to change')]);
  expect(bodies()[0]).toContain('other.json: MDR-PLAN-MISSING');
});

test('plan jobs that left nothing at all never look like nothing to do', async () => {
  await run([], groups(SHOWN, OTHER));
  expect(bodies()).toEqual([expect.stringContaining('2 deployments: 2 could not be planned')]);
});

test('what failed by itself is said once, in its own words', async () => {
  const failure = { file: OTHER, code: 'MDR-FILE-SYNTAX', message: 'it ends early', fix: 'end it' };
  await run([PLAN, { path: `plans/other${FAILURE_ENDING}`, text: JSON.stringify(failure) }], groups(SHOWN, OTHER));
  expect(bodies()[0]).toContain('MDR-FILE-SYNTAX');
  expect(bodies()[0]).not.toContain('MDR-PLAN-MISSING');
});

test('a comment says so when nothing is concerned any more, and none is made to say it', async () => {
  expect(await run([], '[]')).toMatchObject({ outcome: 'none' });
  expect(bodies()).toEqual([]);
  await run([PLAN], groups(SHOWN));
  bed.clock.pass(2 * 365 * 86_400_000);
  expect(await run([], '[]')).toMatchObject({ outcome: 'updated' });
  expect(bodies()).toEqual([expect.stringContaining('No deployment is concerned')]);
});

test('a list that is none is refused', () => {
  const given = (expected: string) => () => parseInputs('comment', { plans: 'x', 'pull-request': '1', expected });
  for (const wrong of ['x', '{}', '[1]']) expect(given(wrong)).toThrow(/expected/);
});
