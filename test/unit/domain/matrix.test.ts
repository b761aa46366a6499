import { describe, expect, it } from '@jest/globals';
import { MdrError } from '../../../action/src/domain/errors.ts';
import type { DeploymentFile } from '../../../action/src/domain/fleet.ts';
import { concerned, matrixOf } from '../../../action/src/domain/matrix.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

const [east, west] = EXAMPLE_DEPLOYMENT.sites;

const file = (name: string, change: object = {}): DeploymentFile => ({
  path: `environments/${name}.json`,
  text: '',
  deployment: { ...EXAMPLE_DEPLOYMENT, deployment: name, artifacts: undefined, selfHeal: [], ...change },
});

const broken: DeploymentFile = {
  path: 'environments/broken.json',
  text: '{',
  error: new MdrError({ code: 'MDR-FILE-SYNTAX', message: 'x', fix: 'x' }),
};

const numbered = (count: number): DeploymentFile[] => Array.from({ length: count }, (_, index) => file(`d${index}`));

describe('the jobs of a fleet', () => {
  it('read in groups that share accounts and Regions, of a bounded size', () => {
    const elsewhere = file('other', { sites: [{ ...east, account: '444455556666' }, west] });
    const { groups } = matrixOf([...numbered(60), elsewhere]);
    expect(groups.map(({ name }) => name)).toEqual([
      '111122223333 us-east-1 + us-west-2 (1 of 3)',
      '111122223333 us-east-1 + us-west-2 (2 of 3)',
      '111122223333 us-east-1 + us-west-2 (3 of 3)',
      '444455556666+111122223333 us-east-1 + us-west-2',
    ]);
    expect(groups.flatMap(({ deployments }) => deployments.split(' '))).toHaveLength(61);
    expect(new Set(groups.map(({ id }) => id)).size).toBe(4);
    for (const { id } of groups) expect(id).toMatch(/^[a-z0-9-]+$/);
  });

  it('change each deployment in a protected environment of its own', () => {
    expect(matrixOf([file('orders')]).legs).toEqual([
      { deployment: 'orders', file: 'environments/orders.json', environment: 'orders-reconcile' },
    ]);
  });

  it('have a job that fails for a file that cannot be read, and keep the others', () => {
    const { broken: named, names, groups, legs } = matrixOf([file('a'), broken, file('b')]);
    expect(named).toEqual(['environments/broken.json']);
    expect(names).toEqual(['a', 'broken', 'b']);
    expect(groups.map(({ deployments }) => deployments)).toEqual([
      'environments/a.json environments/b.json',
      'environments/broken.json',
    ]);
    expect(legs.map(({ deployment }) => deployment)).toEqual(['a', 'b']);
  });

  it('heal only what asks for it', () => {
    const { heal } = matrixOf([file('a'), file('b', { selfHeal: ['MaxWorkers'] })]);
    expect(heal.map(({ deployment }) => deployment)).toEqual(['b']);
  });

  it('say what GitHub would drop', () => {
    expect(matrixOf(numbered(256)).tooMany).toBe('');
    expect(matrixOf(numbered(258))).toMatchObject({ tooMany: '2 of 258 deployments' });
    expect(matrixOf(numbered(258)).legs).toHaveLength(256);
    expect(matrixOf(numbered(258)).names).toHaveLength(256);
  });

  it('check the DAGs of each version, folder and requirements once', () => {
    const dags = (folder: string, airflowVersion = '2.10.3', requirements?: string) => ({
      artifacts: { dags: folder, ...(requirements !== undefined && { requirements }) },
      airflowVersion,
    });
    const { airflow } = matrixOf([
      file('a', dags('dags')),
      file('b', dags('dags')),
      file('c', dags('dags/c')),
      file('d', dags('dags', '3.3.1')),
      file('e'),
      file('f', dags('dags', '2.10.3', 'requirements.txt')),
    ]);
    const none = { requirements: '' };
    expect(airflow).toEqual([
      { version: '2.10.3', python: '3.11', file: 'environments/a.json', ...none },
      { version: '2.10.3', python: '3.11', file: 'environments/c.json', ...none },
      { version: '3.3.1', python: '3.12', file: 'environments/d.json', ...none },
      { version: '2.10.3', python: '3.11', file: 'environments/f.json', requirements: 'requirements.txt' },
    ]);
  });
});

describe('a change concerns', () => {
  const orders = file('orders', { artifacts: { dags: 'dags/orders/', requirements: 'requirements.txt' } });
  const all = [orders, file('sales'), broken];
  const paths = (...changed: string[]) => concerned(all, changed).map(({ path }) => path);

  it.each([
    ['its own file', 'environments/orders.json', ['environments/orders.json']],
    ['its DAGs', 'dags/orders/etl.py', ['environments/orders.json']],
    ['its requirements', 'requirements.txt', ['environments/orders.json']],
    ['a broken file', 'environments/broken.json', ['environments/broken.json']],
    ['nothing', 'README.md', []],
    ['no folder whose name only begins alike', 'dags/orders2/etl.py', []],
    ['everything when the action changes', 'action/dist/index.js', all.map(({ path }) => path)],
    ['everything when the DR DAGs change', 'dags/mwaadr/core/state.py', all.map(({ path }) => path)],
  ])('%s', (_what, changed, expected) => {
    expect(paths(changed)).toEqual(expected);
  });

  it.each(['dags', 'dags/', './dags', 'dags//', 'x/../dags', './', '.'])('DAGs that the file calls %s', (dags) => {
    const spelled = [file('orders', { artifacts: { dags } })];
    expect(concerned(spelled, ['dags/etl.py'])).toEqual(spelled);
    expect(concerned(spelled, ['dagster/etl.py'])).toHaveLength(/^\.\/?$/.test(dags) ? 1 : 0);
  });
});
