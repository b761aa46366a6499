/** The worked examples, as a user would take them: checked, planned, carried out, and then in sync. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Plan } from '../../action/src/domain/plan-model.ts';
import { ACCESS_KEYS, SECRET_KEY } from '../sandbox/topology.ts';
import { ROOT } from '../tools/paths.ts';
import { Bed } from './gitops-bed.ts';
import { runBundle, type BundleRun } from './runner.ts';

let bed: Bed;

beforeAll(async () => {
  bed = await Bed.start();
  for (const name of ['example', 'example-archive']) await bed.makeBuckets(`${name}-dags`);
}, 60_000);
afterAll(() => bed.stop());

const run = (operation: string, inputs: Readonly<Record<string, string>> = {}): Promise<BundleRun> =>
  runBundle(
    { operation, ...inputs },
    {
      AWS_ACCESS_KEY_ID: ACCESS_KEYS.runner,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      MWAADR_ENDPOINTS: bed.services.endpoints,
    },
    { cwd: ROOT },
  );

async function plans(): Promise<readonly Plan[]> {
  const { outputs, log } = await run('plan');
  if (outputs['json'] === undefined) throw new Error(log);
  return (JSON.parse(outputs['json']) as { plans: Plan[] }).plans;
}

test('both examples are valid, can be planned, carried out, and are in sync afterwards', async () => {
  expect((await run('validate')).code).toBe(0);
  const before = await plans();
  expect(before.map(({ deployment, outcome }) => [deployment, outcome])).toEqual([
    ['example-archive', 'changes'],
    ['example', 'changes'],
  ]);
  for (const { file, digest } of before) {
    const { code, log } = await run('reconcile', { deployment: file, digest });
    expect(code === 0 ? '' : log).toBe('');
  }
  const after = await plans();
  expect(after.map(({ outcome }) => outcome)).toEqual(['in sync', 'in sync']);
  // Backup and restore: its standby is made when it is needed.
  const statuses = (plan: Plan | undefined) => plan?.sites.map(({ role, status }) => `${role} ${status}`);
  expect(statuses(after[0])).toEqual(['standby missing', 'active AVAILABLE']);
  expect(statuses(after[1])).toEqual(['standby AVAILABLE', 'active AVAILABLE']);
}, 120_000);
