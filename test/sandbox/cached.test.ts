import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { cached } from './install.ts';

let folder: string;
const before = process.env['MWAADR_CACHE'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mwaadr-cache-'));
  process.env['MWAADR_CACHE'] = folder;
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  if (before === undefined) delete process.env['MWAADR_CACHE'];
  else process.env['MWAADR_CACHE'] = before;
});

const silent = (): void => undefined;

it('builds once when many ask at the same time, and everybody gets the whole', async () => {
  let builds = 0;
  const ask = async (): Promise<string> => {
    const place = await cached('thing', silent, async (target) => {
      builds += 1;
      await Promise.resolve();
      writeFileSync(join(target, 'content'), 'whole');
    });
    return readFileSync(join(place, 'content'), 'utf8');
  };
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(['whole', 'whole', 'whole']);
  expect(builds).toBe(1);
});

it('begins from nothing after a build that was cut off', async () => {
  const cutOff = cached('thing', silent, (target) => {
    writeFileSync(join(target, 'half'), '');
    return Promise.reject(new Error('cut off'));
  });
  await expect(cutOff).rejects.toThrow('cut off');
  const place = await cached('thing', silent, (target) => {
    expect(readdirSync(target)).toEqual([]);
    return Promise.resolve();
  });
  expect(readdirSync(place)).toEqual(['.complete']);
});
