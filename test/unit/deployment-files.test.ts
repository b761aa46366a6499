import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readMany, readOne } from '../../action/src/deployment-files.ts';
import { EXAMPLE_DEPLOYMENT } from '../doubles/universe.ts';

let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mwaadr-files-'));
  path = join(folder, 'example.json');
  const file = { ...EXAMPLE_DEPLOYMENT, mwaa: { ...EXAMPLE_DEPLOYMENT.mwaa, minWorkers: 9, maxWorkers: 3 } };
  writeFileSync(path, JSON.stringify(file));
  writeFileSync(join(folder, 'schema.json'), '{}');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('what moves the workflows reads a file whose rules of change are broken, and says so', async () => {
  for (const operation of ['failover', 'check', 'snapshot', 'install', 'verify', 'agree'] as const) {
    const said: string[] = [];
    const { deployment } = await readOne(operation, path, (line) => said.push(line));
    expect(deployment.deployment).toBe('example');
    expect(said.join()).toContain('minWorkers is 9');
  }
});

test('what changes environments refuses it, at its place', async () => {
  const refuse = readOne('reconcile', path, () => undefined);
  await expect(refuse).rejects.toMatchObject({ code: 'MDR-FILE-RULE', place: { file: path } });
});

test('of many files the broken one is there with its error, and the schema is none of them', async () => {
  const [only, ...more] = await readMany('plan', `${folder}/*.json`, () => undefined);
  expect(only).toMatchObject({ path, error: { code: 'MDR-FILE-RULE' } });
  expect(more).toEqual([]);
  const [read] = await readMany('status', `${folder}/*.json`, () => undefined);
  expect(read).toHaveProperty('deployment');
});

describe('a health period that CloudWatch has no metrics for', () => {
  const sandbox = 'us-east-1=http://127.0.0.1:5001,us-west-2=http://localhost:5002';
  let odd: string;
  beforeAll(() => {
    odd = join(folder, 'odd.json');
    const health = { ...EXAMPLE_DEPLOYMENT.health, periodSeconds: 130 };
    writeFileSync(odd, JSON.stringify({ ...EXAMPLE_DEPLOYMENT, health }, undefined, 2));
  });
  afterEach(() => {
    delete process.env['MWAADR_ENDPOINTS'];
  });
  const read = (operation: 'validate' | 'plan' | 'failover', said: string[] = []) =>
    readMany(operation, odd, (line) => said.push(line));

  test('is refused at its place, with the nearest one that it has', async () => {
    for (const operation of ['validate', 'plan'] as const) {
      const [file] = await read(operation);
      expect(file).toMatchObject({
        error: {
          code: 'MDR-FILE-RULE',
          message: expect.stringContaining('CloudWatch has no metrics by periods of 130 s') as unknown,
          fix: 'Give whole minutes, as 120.',
          place: { file: odd, line: expect.any(Number) as unknown },
        },
      });
    }
  });

  test('keeps no move from being made', async () => {
    const said: string[] = [];
    const [file] = await read('failover', said);
    expect(file).toHaveProperty('deployment');
    expect(said.join()).toContain('periods of 130 s');
  });

  test('is one where only this machine is asked, as in the sandbox, and nowhere else', async () => {
    process.env['MWAADR_ENDPOINTS'] = sandbox;
    expect((await read('validate'))[0]).toHaveProperty('deployment');
    process.env['MWAADR_ENDPOINTS'] = 'us-east-1=https://vpce.example.com,us-west-2=http://127.0.0.1:1';
    expect((await read('validate'))[0]).toHaveProperty('error');
  });
});
