import { describe, expect, test } from '@jest/globals';
import {
  readDagCheck,
  type CheckDagsResult,
  type DagCheckRun,
  type DagFinding,
} from '../../../action/src/domain/dag-check.ts';
import { findingsOf, refusalOf } from '../../../action/src/domain/dag-findings.ts';
import type { Log } from '../../../action/src/domain/ports.ts';
import { checkDags } from '../../../action/src/operations/check-dags.ts';
import { checkDagsReport } from '../../../action/src/report/check-dags.ts';
import { toMarkdown } from '../../../action/src/report/markdown.ts';

const ROOT = '/tmp/copy/dags';
const AIRFLOW = { event: 'airflow', version: '3.3.1', root: ROOT };
const IMPORTED = { event: 'file', seconds: 0.1, dags: [], made: [], errors: [], reads: [], movingStartDates: [] };

const run = (...events: readonly object[]): DagCheckRun => ({
  lines: events.map((one) => JSON.stringify(one)),
  ended: 'exit code 0',
  output: '',
  credentials: [],
});

/** The findings about files that the script answered so. */
function findings(files: readonly Record<string, unknown>[], folder = 'dags'): readonly DagFinding[] {
  const all = files.map((file) => ({ ...IMPORTED, ...file }));
  const names = files.map(({ file }) => file);
  return findingsOf(readDagCheck(run({ ...AIRFLOW, files: names }, ...all, { event: 'end' })), folder, 30);
}

const one = (more: Record<string, unknown>): DagFinding | undefined => findings([{ file: 'a.py', ...more }])[0];

const TRACEBACK = `Traceback (most recent call last):
  File "/usr/lib/airflow/dagbag.py", line 383, in parse
    loader.exec_module(new_module)
  File "${ROOT}/a.py", line 5, in <module>
    helper()
  File "${ROOT}/lib/helper.py", line 2, in helper
    json.loads("")
  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode
    raise JSONDecodeError("Expecting value", s, err.value) from None
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)
in ${ROOT}/a.py
`;

const VARIABLE = { kind: 'variable', name: 'n', answered: false, file: 'a.py', line: 5 };

describe('an import error', () => {
  test('stands at the innermost line of the DAGs folder, and says who imported that', () => {
    expect(one({ errors: [TRACEBACK] })).toMatchObject({
      level: 'error',
      code: 'import-error',
      file: 'dags/lib/helper.py',
      line: 2,
      message:
        'json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0) in dags/a.py (imported by dags/a.py)',
    });
  });

  test('names the exception that came last, when one led to another', () => {
    const chained = `${TRACEBACK}\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "${ROOT}/a.py", line 9, in <module>\n    f()\nValueError: x\n`;
    expect(one({ errors: [chained] })).toMatchObject({ file: 'dags/a.py', line: 9, message: 'ValueError: x' });
  });

  test('proves nothing where the file asked for what the check cannot know', () => {
    expect(findings([{ file: 'a.py', errors: [TRACEBACK], reads: [VARIABLE] }])).toEqual([
      expect.objectContaining({ level: 'warning', code: 'parse-time-read', file: 'dags/a.py', line: 5 }),
      expect.objectContaining({ level: 'warning', code: 'unproven', file: 'dags/lib/helper.py', line: 2 }),
    ]);
  });

  test.each([
    ['a default was at hand', TRACEBACK, [{ ...VARIABLE, answered: true }]],
    ['no answer could have caused it', `${TRACEBACK.split('json.decoder')[0] ?? ''}NameError: x\n`, [VARIABLE]],
  ])('is one although the file asked for something, when %s', (_when, text, reads) => {
    expect(one({ errors: [text], reads })).toMatchObject({ level: 'error', code: 'import-error' });
  });

  test('without a traceback stands where the DAG is made that it names', () => {
    const made = [
      { dagId: 'etl', file: 'a.py', line: 3 },
      { dagId: 'etl_daily', file: 'a.py', line: 7 },
    ];
    const errors = ['AirflowDagCycleException: Cycle detected in DAG: etl_daily. Faulty task: b'];
    expect(one({ errors, made })).toMatchObject({ code: 'invalid-dag', line: 7 });
    expect(one({ errors: ['AirflowException: boo'], made })).toMatchObject({ code: 'invalid-dag', line: undefined });
  });
});

describe('a file without an answer', () => {
  test.each([
    [{ ended: 'late', seconds: 32, output: '' }, 'too-slow', 'cut off after 32.0 s: the limit is 30 s'],
    [
      { ended: 'SIGSEGV', seconds: 1, output: 'a\nlast\n' },
      'ended-airflow',
      '(SIGSEGV); its last line of output was: last',
    ],
    [{ ended: 'vanished', seconds: 0, output: '' }, 'import-error', 'another DAG file removed this one'],
  ])('is refused: %j', (cut, code, words) => {
    const reading = readDagCheck(run({ ...AIRFLOW, files: ['a.py'] }, { event: 'file', file: 'a.py', ...cut }));
    expect(findingsOf(reading, 'dags', 30)).toEqual([
      expect.objectContaining({ level: 'error', code, file: 'dags/a.py', message: expect.stringContaining(words) }),
    ]);
  });

  test('is the one to blame when the script itself was ended, and half a line counts for nothing', () => {
    const { lines, ...rest } = run({ ...AIRFLOW, files: ['a.py', 'b.py', 'c.py'] }, { ...IMPORTED, file: 'a.py' });
    const reading = readDagCheck({ ...rest, lines: [...lines, '{"event": "file", "file": "b.py", "se'] });
    expect(findingsOf(reading, 'dags', 30)).toEqual([
      expect.objectContaining({ code: 'ended-airflow', file: 'dags/b.py', message: expect.stringContaining('1 more') }),
    ]);
  });
});

describe('our own DAGs', () => {
  const ours = { dags: [{ dagId: 'mwaadr_canary', tasks: 1, unpaused: true }] };

  test('may be what no other may be', () => {
    expect(findings([{ file: 'mwaadr/mwaadr_dags.py', ...ours }])).toEqual([]);
  });

  test('are known by their file and their id together', () => {
    const codes = (file: string, dagId: string) =>
      findings([{ file, dags: [{ dagId, tasks: 1, unpaused: true }] }]).map(({ code }) => code);
    expect(codes('mwaadr/other.py', 'mwaadr_canary')).toEqual(['unpaused', 'reserved-id']);
    expect(codes('mwaadr/mwaadr_dags.py', 'mwaadr_other')).toEqual(['unpaused', 'reserved-id']);
    expect(codes('mwaadr/mwaadr_dags.py', 'mine')).toEqual(['unpaused']);
  });
});

test('one id in three files is refused twice', () => {
  const twin = (file: string, line: number) => ({
    file,
    dags: [{ dagId: 'twin', tasks: 1, unpaused: false }],
    made: [{ dagId: 'twin', file, line }],
  });
  expect(findings([twin('a.py', 1), twin('b.py', 2), twin('c.py', 3)], './x/dags/')).toEqual([
    expect.objectContaining({ code: 'duplicate-id', file: 'x/dags/b.py', line: 2 }),
    expect.objectContaining({
      code: 'duplicate-id',
      file: 'x/dags/c.py',
      line: 3,
      message: 'the id twin stands at x/dags/a.py:1 already',
    }),
  ]);
});

test('a folder without DAG files is no success without a word', () => {
  expect(findings([])).toEqual([expect.objectContaining({ level: 'warning', code: 'no-dags' })]);
});

test('credentials beside unreviewed code are named, never shown', () => {
  const reading = readDagCheck({
    ...run({ ...AIRFLOW, files: ['a.py'] }, { ...IMPORTED, file: 'a.py' }),
    credentials: ['GH_TOKEN'],
  });
  expect(findingsOf(reading, 'dags', 30)).toEqual([
    expect.objectContaining({
      level: 'warning',
      code: 'credentials-in-reach',
      message: expect.stringContaining('GH_TOKEN'),
    }),
  ]);
});

describe('the operation', () => {
  const log: Log = { group: (_title, body) => body(), info: () => undefined, warning: () => undefined };
  const check = (answer: DagCheckRun, airflowVersion = '3.3.1'): Promise<CheckDagsResult> =>
    checkDags(
      { log, stop: new AbortController().signal, runDagCheck: () => Promise.resolve(answer) },
      { folder: 'dags', airflowVersion, python: 'python3', timeoutSeconds: 30 },
    );
  const files = Array.from({ length: 12 }, (_, index) => ({
    ...IMPORTED,
    file: `f${index}.py`,
    seconds: index,
    dags: [{ dagId: `d${index}`, tasks: 2, unpaused: index === 3 }],
  }));
  const sound = run({ ...AIRFLOW, files: files.map(({ file }) => file) }, ...files);

  test('counts what it saw, and refuses by the first error', async () => {
    const result = await check(sound);
    expect(result).toMatchObject({ files: 12, dags: 12, tasks: 24, seconds: 66 });
    expect(result.slowest).toHaveLength(10);
    expect(result.slowest[0]).toEqual({ file: 'f11.py', seconds: 11, dags: 1 });
    expect(refusalOf(result)).toMatchObject({
      code: 'MDR-DAG-CHECK',
      place: { file: 'dags/f3.py', line: 1 },
      message: expect.stringMatching(/^dags\/f3.py: d3 has is_paused_upon_creation=False/),
    });
    const warnings = result.findings.map((finding) => ({ ...finding, level: 'warning' as const }));
    expect(refusalOf({ ...result, findings: warnings })).toBeUndefined();
  });

  test.each([
    ['another version', sound, '2.10.3', 'python3 has Airflow 3.3.1, and the deployment runs 2.10.3'],
    [
      'no Airflow',
      run({ event: 'no-airflow', message: "No module named 'airflow'" }),
      '3.3.1',
      "No module named 'airflow'",
    ],
    ['a script that says nothing', { ...run(), ended: 'exit code 1', output: 'boo' }, '3.3.1', 'exit code 1: boo'],
  ])('checks nothing with %s', async (_what, answer, version, words) => {
    await expect(check(answer, version)).rejects.toMatchObject({
      code: 'MDR-DAG-CHECK-AIRFLOW',
      message: expect.stringContaining(words),
    });
  });

  test('is reported with its answer first', async () => {
    const context = { file: 'environments/x.json', onGitHub: true, maxRows: 1 };
    const result = await check(sound);
    const markdown = toMarkdown(checkDagsReport(result, context));
    expect(markdown.split('\n')[0]).toBe('### 🛑 Airflow 3.3.1 cannot take <code>dags</code> as it is: 1 error');
    expect(markdown).toContain('<code>dags/f3.py</code>');
    expect(markdown).toContain('Imported in Airflow 3.3.1: 12 files, 12 DAGs, 24 tasks, in 1 min 6 s.');
    const clean = toMarkdown(checkDagsReport({ ...result, findings: [] }, context));
    expect(clean.split('\n')[0]).toBe(
      '### ✅ 12 DAGs in 12 files of <code>dags</code>: Airflow 3.3.1 imports them all',
    );
    const warned = result.findings.map((finding) => ({ ...finding, level: 'warning' as const }));
    const usable = toMarkdown(checkDagsReport({ ...result, findings: warned }, context));
    expect(usable.split('\n')[0]).toBe('### ⚠️ 12 DAGs in 12 files of <code>dags</code>: usable, with 1 warning');
  });
});
