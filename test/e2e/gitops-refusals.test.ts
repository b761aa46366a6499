import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readDeployment } from '../../action/src/domain/deployment-file.ts';
import { MEMBERS } from '../../action/src/domain/members.ts';
import { edited, RULES } from '../unit/domain/deployment-rule-cases.ts';
import { Bed, EAST, plain, WEST, type Repository } from './gitops-bed.ts';
import type { File } from './gitops-file.ts';

jest.setTimeout(30_000);

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
}, 120_000);
afterAll(() => bed.stop(), 30_000);

const otherKey = (region: string) => `arn:aws:kms:${region}:111122223333:key/cccccccc-cccc-4ccc-8ccc-cccccccccccc`;

interface Refused {
  readonly field: string;
  readonly change: (file: File) => void;
  readonly code: string;
  readonly message: string;
  readonly wayOut: string;
}

const REFUSED: readonly Refused[] = [
  {
    field: 'EndpointManagement',
    change: ({ mwaa }) => Object.assign(mwaa ?? {}, { endpointManagement: 'CUSTOMER' }),
    code: 'MDR-PLAN-IMMUTABLE',
    message: 'EndpointManagement of fixed-us-west-2 in us-west-2 cannot be changed: who manages its endpoints',
    wayOut: 'create a second environment under another name',
  },
  {
    field: 'KmsKey',
    change: ({ sites }) => {
      for (const { mwaa, region } of sites) Object.assign(mwaa ?? {}, { kmsKey: otherKey(region) });
    },
    code: 'MDR-PLAN-IMMUTABLE',
    message: 'KmsKey of fixed-us-west-2 in us-west-2 cannot be changed: the key of an environment is chosen',
    wayOut: 'create a second environment under another name',
  },
  {
    field: 'NetworkConfiguration.SubnetIds',
    change: ({ sites: [, west] }) => {
      const network = { subnetIds: ['subnet-x', 'subnet-y'], securityGroupIds: ['sg-1'] };
      Object.assign(west.mwaa ?? {}, { networkConfiguration: network });
    },
    code: 'MDR-PLAN-IMMUTABLE',
    message: 'NetworkConfiguration.SubnetIds of fixed-us-west-2 in us-west-2 cannot be changed',
    wayOut: 'only its security groups can be changed',
  },
  {
    field: 'AirflowVersion',
    change: (file) => {
      file.airflowVersion = '3.3.1';
    },
    code: 'MDR-PLAN-VERSION',
    message: 'fixed-us-west-2 in us-west-2 runs Airflow 2.10.3',
    wayOut: 'create a second environment with 3.3.1 under another name',
  },
];

describe('A change that the service cannot make', () => {
  let fixed: Repository;
  beforeAll(async () => {
    fixed = await bed.repository('fixed');
    await fixed.madeByHand();
  });

  test('has a row here for each member that never changes', () => {
    const never = MEMBERS.filter(({ changedBy }) => changedBy === 'nothing').map(({ api }) => api);
    expect(REFUSED.map(({ field }) => field)).toEqual(expect.arrayContaining(never));
  });

  test.each(REFUSED)('to $field is refused with its own way out, and nothing is touched', async (row) => {
    const sound = fixed.file;
    fixed.edit(row.change);
    const before = bed.mark();
    const run = await fixed.run('reconcile');
    fixed.write(sound);
    expect(run.code).toBe(1);
    expect(run.summary).toMatch(/^### 🛑 MDR-PLAN-REFUSED/);
    for (const words of [row.code, row.message, row.wayOut]) expect(run.summary).toContain(words);
    expect(bed.changesSince(before)).toEqual([]);
  });

  test('is shown for many files by one plan, each with its reason', async () => {
    const sound = fixed.file;
    for (const [index, { change }] of REFUSED.entries()) {
      const file = structuredClone(sound);
      change(file);
      fixed.put(`environments/variant-${index}.json`, JSON.stringify(file));
    }
    const run = await fixed.run('plan', { deployment: 'environments/variant-*.json' });
    expect(run.outputs['outcome']).toBe('refused');
    for (const { message, wayOut } of REFUSED)
      expect([run.summary.includes(message), run.summary.includes(wayOut)]).toEqual([true, true]);
    for (const index of REFUSED.keys()) fixed.remove(`environments/variant-${index}.json`);
  });

  test('cannot be asked of the service by taking away what the standby alone has', async () => {
    const one = await bed.repository('stuck');
    await one.madeByHand();
    one.byHand(WEST, { RequirementsS3Path: 'theirs.txt' });
    const run = await one.run('reconcile');
    expect(run.code).toBe(1);
    expect(run.summary).toContain('RequirementsS3Path of stuck-us-west-2 in us-west-2 cannot be changed');
    expect(run.summary).toContain('name an empty file');
  });
});

test('validate shows every broken rule of every file at its line and column, in one run', async () => {
  const repository = await bed.repository('rules');
  const rules = Object.entries(RULES).map(([, { changes, message }], index) => {
    const path = `environments/rule-${String(index).padStart(2, '0')}.json`;
    const text = edited(changes);
    repository.put(path, text);
    const read = readDeployment(text);
    const place = 'problems' in read ? read.problems[0]?.place : undefined;
    return { path, message, line: place?.line, column: place?.column };
  });
  const before = bed.mark();
  const run = await repository.run('validate', { deployment: 'environments/rule-*.json' });
  expect(run.code).toBe(1);
  const summary = plain(run.summary);
  for (const { path, message, line, column } of rules) {
    const place = `${path}:${line ?? ''}:${column ?? ''}: `;
    const found = summary.split('\n').find((one) => one.includes(place));
    expect(found).toContain(message);
  }
  // GitHub shows ten of a step.
  const [first] = rules;
  expect(run.annotations.filter(({ level }) => level === 'error')).toHaveLength(10);
  expect(run.annotations[0]?.properties).toMatchObject({
    file: first?.path,
    line: String(first?.line),
    col: String(first?.column),
  });
  expect(run.raw).not.toContain('hunter2');
  expect(bed.mark()).toEqual(before);
});

describe('A plan that was reviewed in a pull request', () => {
  let orders: Repository;
  let commit: string;
  let digest: string;

  test('is refused when somebody edited the standby since, by the name of what moved', async () => {
    orders = await bed.repository('orders');
    await orders.madeByHand();
    orders.edit(({ mwaa }) => Object.assign(mwaa ?? {}, { maxWorkers: 9 }));
    commit = await orders.merge();
    ({ digest } = (await orders.plan()).plan);
    orders.byHand(WEST, { MinWorkers: 3 });
    const before = bed.mark();
    const run = await orders.afterMerge(commit);
    expect(run.code).toBe(1);
    expect(run.summary).toMatch(/^### 🛑 MDR-PLAN-MOVED/);
    expect(plain(run.summary)).toContain('MinWorkers: Git 1, us-east-1 1, us-west-2 3');
    expect(run.summary).not.toContain('MaxWorkers');
    expect(bed.changesSince(before)).toEqual([]);
  });

  test('is refused by its digest alone too, and the log shows the plan as it is now', async () => {
    const before = bed.mark();
    const run = await orders.run('reconcile', { digest });
    expect([run.code, run.summary]).toEqual([1, expect.stringMatching(/^### 🛑 MDR-PLAN-MOVED/)]);
    expect(run.log).toContain('MinWorkers: us-west-2 `3`, us-east-1 `1`; to become `1` at the standby');
    expect(bed.changesSince(before)).toEqual([]);
  });

  test('waits in a freeze window, which is no failure', async () => {
    const sound = orders.file;
    const [from, to] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString());
    orders.edit((file) => {
      file.freeze = [{ reason: 'end of the year', from: from ?? '', to: to ?? '' }];
    });
    const before = bed.mark();
    const run = await orders.afterMerge(commit);
    orders.write(sound);
    expect([run.code, run.outputs['outcome']]).toEqual([0, 'held']);
    expect(run.summary).toContain('end of the year');
    expect(bed.changesSince(before)).toEqual([]);
  });

  test('is carried out once what moved is set right, with the number of its pull request', async () => {
    orders.byHand(WEST, { MinWorkers: 1 });
    const run = await orders.afterMerge(commit);
    expect(run.code).toBe(0);
    expect(plain(run.summary)).toContain('reviewed in pull request #1');
    expect([EAST, WEST].map((region) => orders.environment(region).MaxWorkers)).toEqual([9, 9]);
  });
});
