import { describe, expect, test } from '@jest/globals';
import { ERROR_CODES } from '../../../action/src/domain/errors.ts';
import { deploymentWith, environment, planned, recordOf } from './plan-cases.ts';
import type { Case, Differences, File } from './plan-cases.ts';

const refusals = (of: Case) => planned(of).plan.refusals;
const declaring = (mwaa: File) => deploymentWith((file) => Object.assign(file['mwaa'] as File, mwaa));
const kmsKeys = deploymentWith((file) => {
  for (const site of file['sites'] as { region: string; mwaa: File }[])
    site.mwaa['kmsKey'] = `arn:aws:kms:${site.region}:111122223333:key/0a1b2c3d-0a1b-4c2d-8a1b-0a1b2c3d4e5f`;
});

describe('what the service cannot change is refused with a message of its own', () => {
  const cases: [string, Case, RegExp, RegExp][] = [
    [
      'KmsKey',
      { deployment: kmsKeys, west: { KmsKey: undefined } },
      /the key of an environment is chosen/,
      /second environment/,
    ],
    [
      'EndpointManagement',
      { deployment: declaring({ endpointManagement: 'CUSTOMER' }), west: { EndpointManagement: 'SERVICE' } },
      /who manages its endpoints/,
      /second environment/,
    ],
    [
      'NetworkConfiguration.SubnetIds',
      { west: { 'NetworkConfiguration.SubnetIds': ['subnet-x', 'subnet-y'] } },
      /only its security groups/,
      /second environment/,
    ],
    ...(['requirements', 'plugins', 'startupScript'] as const).map((name): [string, Case, RegExp, RegExp] => {
      const field = `${name.charAt(0).toUpperCase()}${name.slice(1)}S3Path`;
      return [
        field,
        { west: { [field]: 'some/key' } },
        /cannot take it away/,
        new RegExp(`${name}S3Path\` name an empty file`),
      ];
    }),
  ];

  test.each(cases)('%s', (field, of, message, fix) => {
    const [refusal, ...more] = refusals(of);
    expect(more).toEqual([]);
    expect(refusal).toMatchObject({ code: 'MDR-PLAN-IMMUTABLE', field });
    expect(refusal?.message).toMatch(message);
    expect(refusal?.fix).toMatch(fix);
  });

  test('but a key that the service shows by its id alone is the same key', () => {
    expect(refusals({ deployment: kmsKeys, west: { KmsKey: '0a1b2c3d-0a1b-4c2d-8a1b-0a1b2c3d4e5f' } })).toEqual([]);
  });

  test('but only where the site is ours to change', () => {
    const deployment = deploymentWith((file) => (file['manage'] = 'observe'));
    const { plan } = planned({ deployment, west: { 'NetworkConfiguration.SubnetIds': ['subnet-x', 'subnet-y'] } });
    expect(plan).toMatchObject({ outcome: 'differs', refusals: [] });
    expect(plan.fields.filter(({ verdict }) => verdict === 'immutable')).toHaveLength(1);
  });
});

describe('a change of version', () => {
  test('that MWAA makes in place leaves hours without protection, and says so', () => {
    const deployment = deploymentWith((file) => (file['airflowVersion'] = '3.3.1'));
    const from = { AirflowVersion: '2.11.2' };
    const { plan, sites } = planned({ deployment, east: from, west: from });
    expect(plan.outcome).toBe('changes');
    expect(plan.notices).toEqual([
      'Both sites change to Airflow 3.3.1. From the update of the standby in us-west-2 until that of the active site in us-east-1 is done, no snapshot can be restored: usually 1 to 4 hours without protection.',
      'Airflow in us-east-1, the active site, is away for up to 2 hours, and its running tasks are ended.',
    ]);
    expect(sites.map(({ role, steps }) => [role, steps])).toMatchObject([
      ['standby', [{ kind: 'update', members: { AirflowVersion: '3.3.1' } }]],
      ['active', [{ kind: 'update', members: { AirflowVersion: '3.3.1' } }]],
    ]);
    expect(plan.sites[0].usualMinutes).toEqual({ from: 30, to: 120 });
  });

  test.each([
    [
      '2.11.2',
      '2.11.2',
      'standby-only',
      'The standby in us-west-2 changes to Airflow 3.3.1. From then on no snapshot can be restored until the active site in us-east-1 runs it, too.',
    ],
    ['3.3.1', '2.11.2', 'full', 'Until the standby in us-west-2 runs Airflow 3.3.1, too, no snapshot can be restored.'],
    [
      '2.11.2',
      '3.3.1',
      'full',
      'Until the active site in us-east-1 runs Airflow 3.3.1, too, no snapshot can be restored.',
    ],
  ])('at one of the sites only says when protection is back (%s, %s, %s)', (east, west, manage, notice) => {
    const deployment = deploymentWith((file) => Object.assign(file, { airflowVersion: '3.3.1', manage }));
    const { plan } = planned({ deployment, east: { AirflowVersion: east }, west: { AirflowVersion: west } });
    expect(plan.notices[0]).toBe(notice);
  });

  test('that MWAA does not make in place is refused', () => {
    const deployment = deploymentWith((file) => (file['airflowVersion'] = '3.3.1'));
    const found = refusals({ deployment, east: { AirflowVersion: '2.10.3' }, west: { AirflowVersion: '2.10.3' } });
    expect(found.map(({ code }) => code)).toEqual(['MDR-PLAN-VERSION', 'MDR-PLAN-VERSION']);
    expect(found[0]?.message).toContain('only from 2.11');
    const { plan, sites } = planned({ deployment, west: { AirflowVersion: '2.10.3' } });
    expect(plan.fields.find(({ field }) => field === 'AirflowVersion')).toMatchObject({
      verdict: 'immutable',
      changes: [],
    });
    expect(sites[0].steps).toEqual([]);
  });
});

describe('an environment that is not there', () => {
  const missing = { status: 'missing' } as const;

  test('is a loss when it is the active one', () => {
    expect(refusals({ east: missing })).toMatchObject([
      { code: 'MDR-PLAN-ACTIVE-MISSING', fix: expect.stringContaining('failover') },
    ]);
  });

  test('is not ours to create as the active one with standby-only', () => {
    const deployment = deploymentWith((file) => (file['manage'] = 'standby-only'));
    expect(refusals({ deployment, epoch: undefined, east: missing, west: missing })).toMatchObject([
      { code: 'MDR-PLAN-ACTIVE-MISSING', fix: expect.stringContaining('manage: full') },
    ]);
  });

  test('whose endpoints are the customer’s will wait for them', () => {
    const deployment = declaring({ endpointManagement: 'CUSTOMER' });
    expect(planned({ deployment, west: missing }).plan.notices).toEqual([
      'The new environment in us-west-2 will be PENDING until you have made its VPC endpoints; after 72 hours without them its creation fails.',
    ]);
  });

  test('cannot be created from a file that lacks what a creation needs', () => {
    const deployment = deploymentWith((file) => {
      file['manage'] = 'observe';
      Reflect.deleteProperty((file['sites'] as { mwaa: File }[])[1]?.mwaa ?? {}, 'networkConfiguration');
    });
    const found = refusals({ deployment: { ...deployment, manage: 'full' }, west: missing });
    expect(found.map(({ code, field }) => [code, field])).toEqual([
      ['MDR-PLAN-INCOMPLETE', 'NetworkConfiguration.SubnetIds'],
      ['MDR-PLAN-INCOMPLETE', 'NetworkConfiguration.SecurityGroupIds'],
    ]);
  });
});

describe('the state of an environment', () => {
  const inState = (status: string, differences: Differences = { MaxWorkers: 3 }): Case => ({
    west: { ...environment(deploymentWith(), 1, differences), status },
  });

  test.each(['CREATE_FAILED', 'DELETING', 'DELETED', 'UNAVAILABLE'])('%s refuses a change', (status) => {
    expect(refusals(inState(status))).toMatchObject([{ code: 'MDR-PLAN-STATE', field: 'Status' }]);
    expect(refusals(inState(status, {}))).toEqual([]);
  });

  test.each(['CREATING', 'UPDATING', 'CREATING_SNAPSHOT', 'ROLLING_BACK', 'MAINTENANCE', 'PENDING'])(
    '%s ends by itself, and reconcile waits',
    (status) => {
      const { plan } = planned(inState(status));
      expect(plan.outcome).toBe('changes');
      expect(plan.notices).toEqual([`example-us-west-2 in us-west-2 is ${status}: reconcile waits for its end.`]);
    },
  );

  test('UPDATE_FAILED takes changes, and what failed is told', () => {
    const west = {
      ...environment(deploymentWith(), 1, { MaxWorkers: 3 }),
      status: 'UPDATE_FAILED',
      lastUpdate: { status: 'FAILED', createdAt: 0, error: 'INCORRECT_CONFIGURATION' },
    };
    const { plan } = planned({ west });
    expect(plan.outcome).toBe('changes');
    expect(plan.notices[0]).toBe(
      'The last update of example-us-west-2 in us-west-2 failed with INCORRECT_CONFIGURATION, and MWAA kept the settings from before it. The console and GetEnvironment say why.',
    );
  });
});

describe('who is active by the file', () => {
  const naming = (site: string, since: number) => deploymentWith((file) => (file['active'] = { site, since }));
  const roleOf = (of: Case) => planned(of).plan.role.verdict;

  test.each([
    ['us-east-1', 4, 4, 'agrees', []],
    ['us-west-2', 4, 4, 'asks to move', ['MDR-ACTIVE-MOVE']],
    ['us-east-1', 2, 4, 'names an old epoch', ['MDR-ACTIVE-STALE']],
    ['us-west-2', 3, 4, 'names an old epoch', ['MDR-ACTIVE-STALE']],
    ['us-west-2', 5, 4, 'names a future epoch', ['MDR-ACTIVE-STALE']],
    ['us-east-1', 0, undefined, 'agrees', []],
    ['us-west-2', 0, undefined, 'asks to move', ['MDR-ACTIVE-MOVE']],
  ])('%s since %i while the record says %s: %s', (site, since, epoch, verdict, codes) => {
    const of = { deployment: naming(site, since), epoch };
    expect(roleOf(of)).toBe(verdict);
    expect(refusals(of).map(({ code }) => code)).toEqual(codes);
  });

  test('is the record’s affair when the file does not say it', () => {
    expect(roleOf({ epoch: 3 })).toBe('not declared');
  });

  test('a claimed move that is not activated changes no role', () => {
    const deployment = naming('us-east-1', 4);
    const record = { ...recordOf(deployment, 4), epoch: 5, phase: 'claimed' as const };
    expect(planned({ deployment, record }).plan).toMatchObject({
      role: { verdict: 'agrees' },
      active: 'us-east-1',
      epoch: 4,
    });
  });

  test('a file that asks to move changes nothing else, either', () => {
    const { plan } = planned({ deployment: naming('us-west-2', 0), west: { MaxWorkers: 3 } });
    expect(plan.outcome).toBe('refused');
  });
});

test('every refusal has a code of the catalogue', () => {
  const all = [
    ...refusals({ east: { status: 'missing' }, west: { 'NetworkConfiguration.SubnetIds': ['a', 'b'] } }),
    ...refusals({ deployment: deploymentWith((file) => (file['active'] = { site: 'us-west-2', since: 9 })) }),
  ];
  expect(all.length).toBeGreaterThan(2);
  for (const { code } of all) expect(ERROR_CODES).toHaveProperty(code);
});
