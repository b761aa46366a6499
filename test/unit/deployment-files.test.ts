import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
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
