import { describe, expect, test } from '@jest/globals';
import { keys } from '../../../action/src/domain/names.ts';
import { observePlan } from '../../../action/src/operations/plan.ts';
import { Process } from '../../doubles/process.ts';
import { Story } from '../../doubles/story.ts';
import { Universe } from '../../doubles/universe.ts';
import { EAST, WEST } from './plan-cases.ts';

const source = ({ deployment }: Universe) => ({ path: 'environments/example.json', deployment });
const process = (universe: Universe, calls: string[] = []) =>
  new Process(universe, {
    name: 'plan',
    mishap: ({ operation, region }) => {
      calls.push(`${operation} ${region}`);
      return undefined;
    },
  });

test('before there is a record a plan costs two calls at each site and no more', async () => {
  const universe = new Universe();
  const calls: string[] = [];
  const { plan } = await observePlan(process(universe, calls), source(universe));
  expect(calls.toSorted()).toEqual([
    `GetEnvironment ${EAST}`,
    `GetEnvironment ${WEST}`,
    `GetObject ${EAST}`,
    `GetObject ${WEST}`,
  ]);
  expect(plan.epoch).toBeNull();
});

test('of a running deployment it costs both heartbeats of each bucket on top', async () => {
  const { universe } = await Story.ofARunningDeployment();
  const calls: string[] = [];
  const { plan } = await observePlan(process(universe, calls), source(universe));
  const each = (region: string) => [`GetEnvironment ${region}`, ...Array<string>(3).fill(`GetObject ${region}`)];
  expect(calls.toSorted()).toEqual([...each(EAST), ...each(WEST)].toSorted());
  expect(plan).toMatchObject({ active: EAST, epoch: 0 });
});

test('an activation that no record knows yet is known to the plan: it follows the site that is active', async () => {
  const story = await Story.ofARunningDeployment();
  const { universe } = story;
  const key = keys.control('example');
  const before = { east: story.control(EAST), west: story.control(WEST) };
  await story.failover({ target: WEST, reason: 'x', confirm: 'example', override: 'force' });
  for (const [region, record] of [
    [EAST, before.east],
    [WEST, before.west],
  ] as const)
    universe.s3(region).put(universe.bucket(region), key, JSON.stringify(record), 'any');
  const { plan } = await observePlan(process(universe), source(universe));
  expect(plan).toMatchObject({ active: WEST, standby: EAST, epoch: 1 });
});

test('environments that are as the example wants them are in sync', async () => {
  const universe = new Universe();
  const { plan } = await observePlan(process(universe), source(universe));
  expect(plan.fields.filter(({ changes }) => changes.length > 0)).toEqual([]);
  expect(plan).toMatchObject({ outcome: 'in sync', refusals: [] });
});

test('what somebody edits by hand at the standby is found', async () => {
  const universe = new Universe();
  universe.controlPlane(WEST).edit('example-us-west-2', { MaxWorkers: 3 });
  const { plan, sites } = await observePlan(process(universe), source(universe));
  expect(plan.outcome).toBe('changes');
  expect(sites[0].steps.map(({ fields }) => fields)).toEqual([['MaxWorkers']]);
});

describe.each(['dark', 'denied', 'throttled'] as const)('a Region that is %s', (quality) => {
  test.each(['airflow-api', 's3'] as const)(
    '(%s) is an error and never an environment that is missing',
    async (service) => {
      const universe = new Universe();
      universe.fault({ service, quality, region: WEST });
      await expect(observePlan(process(universe), source(universe))).rejects.toMatchObject({ quality, region: WEST });
    },
  );
});
