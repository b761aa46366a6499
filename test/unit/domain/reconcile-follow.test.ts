import { describe, expect, test } from '@jest/globals';
import type { EnvironmentDescription } from '../../../action/src/domain/ports.ts';
import { progressOf } from '../../../action/src/domain/reconcile-follow.ts';

type LastUpdate = EnvironmentDescription['lastUpdate'];

const environment = (status: string, lastUpdate?: LastUpdate, raw: unknown = {}): EnvironmentDescription => ({
  name: 'example-west',
  status,
  airflowVersion: '2.10.3',
  lastUpdate,
  environmentClass: 'mw1.small',
  dagS3Path: 'dags',
  raw,
});

const OLD = { status: 'SUCCESS', createdAt: 1_000 };
const OURS = (status: string) => ({ status, createdAt: 2_000 });
const update = { kind: 'update', before: 1_000 } as const;
const create = { kind: 'create', before: null } as const;

describe('An update that is followed', () => {
  test.each([
    ['AVAILABLE', OLD, 'running'],
    ['UPDATE_FAILED', { status: 'FAILED', createdAt: 1_000 }, 'running'],
    ['UPDATING', OURS('PENDING'), 'running'],
    ['CREATING_SNAPSHOT', OURS('PENDING'), 'running'],
    ['MAINTENANCE', OURS('PENDING'), 'running'],
    ['ROLLING_BACK', OURS('FAILED'), 'running'],
    ['AVAILABLE', OURS('PENDING'), 'running'],
    ['PENDING', OURS('PENDING'), 'waiting'],
    ['AVAILABLE', OURS('SUCCESS'), 'done'],
    ['AVAILABLE', OURS('FAILED'), 'failed'],
    ['UPDATE_FAILED', OURS('FAILED'), 'failed'],
    ['UNAVAILABLE', OURS('FAILED'), 'failed'],
    ['DELETING', OURS('PENDING'), 'failed'],
  ] as const)('in %s with last update %j is %s', (status, lastUpdate, kind) => {
    expect(progressOf(environment(status, lastUpdate), update).kind).toBe(kind);
  });

  test('of an environment that was never updated is ours as soon as there is one', () => {
    expect(progressOf(environment('AVAILABLE', OLD), { kind: 'update', before: null })).toEqual({ kind: 'done' });
    expect(progressOf(environment('AVAILABLE'), { kind: 'update', before: null }).kind).toBe('running');
  });

  test('of an environment that is gone has failed', () => {
    expect(progressOf(undefined, update)).toMatchObject({ kind: 'failed', message: 'the environment is gone' });
  });

  test('says what the service said when it gave up', () => {
    const raw = { LastUpdate: { Error: { ErrorCode: 'INCORRECT_CONFIGURATION', ErrorMessage: 'no such package' } } };
    expect(progressOf(environment('UPDATE_FAILED', OURS('FAILED'), raw), update)).toEqual({
      kind: 'failed',
      status: 'UPDATE_FAILED',
      message: 'INCORRECT_CONFIGURATION',
      unsafe: 'no such package',
    });
  });
});

describe('A creation that is followed', () => {
  test.each([
    [undefined, 'running'],
    [environment('CREATING'), 'running'],
    [environment('PENDING'), 'waiting'],
    [environment('AVAILABLE'), 'done'],
    [environment('CREATE_FAILED'), 'failed'],
  ] as const)('at %j is %s', (seen, kind) => {
    expect(progressOf(seen, create).kind).toBe(kind);
  });

  test('that waits for endpoints of the customer’s own says what to do', () => {
    const progress = progressOf(environment('PENDING'), create);
    expect(progress).toMatchObject({ fix: expect.stringContaining('create the VPC endpoints') });
  });
});
