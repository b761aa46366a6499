import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { differences } from './build.ts';
import { count, failures } from './jest.ts';
import { ROOT } from './paths.ts';
import { StageRunner, type Stage } from './stages.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mwaadr-tools-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('what failed is named with what it said', () => {
  const passed = { fullName: 'a › b', status: 'passed', failureMessages: [] };
  const failed = { fullName: 'a › c', status: 'failed', failureMessages: ['Expected 1'] };
  const skipped = { fullName: 'a › d', status: 'pending', failureMessages: [] };
  const testResults = [
    { name: join(ROOT, 'test/x.test.ts'), status: 'failed', message: '', assertionResults: [passed, failed, skipped] },
    { name: join(ROOT, 'test/y.test.ts'), status: 'failed', message: 'no such module', assertionResults: [] },
  ];
  expect(failures({ testResults })).toEqual([
    'test/x.test.ts: a › c (failed)\nExpected 1',
    'test/x.test.ts: a › d (pending)',
    'test/y.test.ts\nno such module',
  ]);
});

describe('the count of the tests', () => {
  const report = {
    testResults: [],
    numPassedTests: 5,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
  };

  it('takes passed tests as passed', () => {
    expect(count(report)).toEqual({ passed: 5, failed: 0 });
  });

  it.each(['numFailedTests', 'numPendingTests', 'numTodoTests', 'numRuntimeErrorTestSuites'])(
    'counts %s as failed',
    (key) => {
      expect(count({ ...report, [key]: 2 })).toEqual({ passed: 5, failed: 2 });
    },
  );
});

describe('the stages', () => {
  const stage = (name: string, ok: boolean, tests?: { passed: number; failed: number }): Stage => ({
    name,
    run: () => Promise.resolve({ ok, output: `${name} said this`, ...(tests && { tests }) }),
  });
  const printed: string[] = [];
  const runner = () => new StageRunner((text) => printed.push(text));
  beforeEach(() => {
    printed.length = 0;
  });

  it('add up tests, and a failed stage without tests counts as one failure', async () => {
    const stages = runner();
    expect(await stages.run([stage('a', true, { passed: 3, failed: 0 }), stage('b', false)], 2)).toBe(false);
    expect(stages.totals).toEqual({ passed: 3, failed: 1 });
  });

  it('show the output of what failed and only that', async () => {
    await runner().run([stage('good', true), stage('bad', false)], 1);
    expect(printed.join('')).toContain('bad said this');
    expect(printed.join('')).not.toContain('good said this');
  });

  it('fail a stage whose tests all passed but whose command did not, as one under the coverage threshold', async () => {
    const stages = runner();
    expect(await stages.run([stage('a', false, { passed: 3, failed: 0 })], 1)).toBe(false);
    expect(stages.totals).toEqual({ passed: 3, failed: 1 });
  });

  it('turn an error into a failed stage and go on', async () => {
    const broken: Stage = { name: 'broken', run: () => Promise.reject(new Error('no such tool')) };
    const stages = runner();
    await stages.run([broken, stage('next', true, { passed: 1, failed: 0 })], 1);
    expect(stages.totals).toEqual({ passed: 1, failed: 1 });
    expect(printed.join('')).toContain('no such tool');
  });

  it('name at the end what failed: the tests, or the stage that names none', async () => {
    const named: Stage = {
      name: 'named',
      run: () => Promise.resolve({ ok: false, output: '', failures: ['a › b'] }),
    };
    const stages = runner();
    await stages.run([named, stage('bad', false), stage('good', true)], 1);
    expect(stages.failures).toEqual(['a › b', 'bad']);
  });

  it('are never silent for ten seconds', async () => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    const now = jest.spyOn(performance, 'now');
    try {
      now.mockReturnValue(0);
      let finish: () => void = () => undefined;
      const slow: Stage = {
        name: 'slow',
        run: () =>
          new Promise((resolve) => {
            finish = () => {
              resolve({ ok: true, output: '' });
            };
          }),
      };
      const done = runner().run([slow], 1);
      now.mockReturnValue(9_500);
      jest.advanceTimersByTime(9_500);
      expect(printed.join('')).toContain('...    slow (9.5 s)');
      finish();
      await done;
    } finally {
      now.mockRestore();
      jest.useRealTimers();
    }
  });
});

describe('the comparison of two bundles', () => {
  const bundleWith = (name: string, files: Record<string, string>) => {
    const path = join(folder, name);
    mkdirSync(path);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    return path;
  };

  it('finds nothing between equal ones', () => {
    expect(differences(bundleWith('a', { 'index.js': '1' }), bundleWith('b', { 'index.js': '1' }))).toEqual([]);
  });

  it('names each file that differs, is missing or is too much', () => {
    const left = bundleWith('a', { 'index.js': '1', 'only-left': '' });
    const right = bundleWith('b', { 'index.js': '2', 'only-right': '' });
    expect(differences(left, right)).toEqual(['index.js', 'only-left', 'only-right']);
  });
});
