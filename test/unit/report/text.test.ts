import { describe, expect, test } from '@jest/globals';
import { MdrError } from '../../../action/src/domain/errors.ts';
import { AwsFault } from '../../../action/src/domain/faults.ts';
import { code, prose, strong, t, tame, type Document } from '../../../action/src/report/document.ts';
import { findingLines } from '../../../action/src/report/findings.ts';
import { exitOf, requireFailOn } from '../../../action/src/report/fail-on.ts';
import { knownError } from '../../../action/src/report/known-error.ts';
import { toMarkdown } from '../../../action/src/report/markdown.ts';
import { outputsOf } from '../../../action/src/report/outputs.ts';
import { toText } from '../../../action/src/report/text.ts';
import { bytes, duration, moment, plural } from '../../../action/src/report/words.ts';
import * as samples from './samples.ts';

describe('hostile values', () => {
  const HOSTILE =
    'a|b`c`<script>*x*_y_[l](http://e.vil) @octocat\n::error::boo\r\n| row |\u001b[31m\u202e#1 $x$ www.e.vil \\';
  const cell = (value: string) =>
    toMarkdown([{ kind: 'table', head: ['h'], rows: [[value], [code(value)], [t`${strong(value)}`]] }]);

  test('stay in their cell and mean nothing', () => {
    const lines = cell(HOSTILE).trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines.slice(2)) {
      const inside = line.slice(2, -2).replaceAll(/<\/?(code|b)>/g, '');
      expect(inside).not.toMatch(/[|`<>*[\]\\$]|\p{Cc}|\u202e|(?<!&)#|:\/\/|www\./u);
      expect(inside).toContain('y');
    }
    expect(lines[2]).toContain('@&#8203;octocat');
  });

  test('keep ids readable', () => {
    expect(cell('etl_orders__2026 (1)')).toContain('| etl_orders__2026 (1) |');
    expect(cell('_private_')).toContain('| &#95;private&#95; |');
  });

  test('cannot begin a list, a heading or a rule', () => {
    const paragraph = (text: string) => toMarkdown([{ kind: 'paragraph', text }]);
    expect(['- a', '+ a', '1. a', '=== a', '# a', '> a'].map(paragraph)).toEqual([
      '&#45; a\n',
      '&#43; a\n',
      '1&#46; a\n',
      '&#61;== a\n',
      '&#35; a\n',
      '&#62; a\n',
    ]);
  });

  test('cannot end the block of a command', () => {
    const text = 'echo ```\n````';
    expect(toMarkdown([{ kind: 'command', text }])).toBe('`````sh\necho ```\n````\n`````\n');
  });

  test('are cut when they are endless', () => {
    expect(tame('x'.repeat(9_999))).toHaveLength(2_001);
  });
});

test('a terminal sees the same report without markup', () => {
  const document: Document = [
    { kind: 'answer', mood: 'good', text: t`${strong('prod')} runs` },
    { kind: 'heading', text: 'Table' },
    { kind: 'table', head: ['a', 'bb'], rows: [['1', code('two')]] },
    { kind: 'alert', level: 'WARNING', text: prose('look at `x`') },
    { kind: 'details', summary: 'More', blocks: [{ kind: 'list', items: ['one'] }] },
    { kind: 'command', text: 'do\nit' },
    { kind: 'paragraph', text: 'End.' },
  ];
  expect(toText(document)).toBe(
    'prod runs\n=========\n\nTable:\n\n  a  bb\n  1  two\n\nWARNING: look at x\n\nMore:\n  - one\n\n    do\n    it\n\nEnd.\n',
  );
});

test('backticks in our own sentences mark names', () => {
  expect(toMarkdown([{ kind: 'paragraph', text: prose('set `a|b` to 1') }])).toBe('set <code>a&#124;b</code> to 1\n');
});

describe('words', () => {
  test.each([
    [0, '0 s'],
    [2.14, '2.1 s'],
    [59.6, '60 s'],
    [60, '1 min'],
    [252, '4 min 12 s'],
    [7_500, '2 h 5 min'],
    [270_000, '3 d 3 h'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  test('sizes, counts and times', () => {
    expect([bytes(999), bytes(1_500), bytes(5_300_000)]).toEqual(['999 B', '1.5 kB', '5.3 MB']);
    expect([plural(1, 'DAG'), plural(2, 'DAG')]).toEqual(['1 DAG', '2 DAGs']);
    expect([moment('2026-11-24T10:15:00.123Z'), moment('never')]).toEqual(['2026-11-24 10:15:00 UTC', 'never']);
  });
});

describe('the exit code', () => {
  const codes = (failOn: string) =>
    [samples.healthy, samples.degraded, samples.unknown, samples.lost, samples.snapshot, samples.allPaused].map(
      (result) => exitOf(result, failOn).code,
    );

  test('of a check depends on fail-on', () => {
    expect(codes('unhealthy')).toEqual([0, 0, 0, 1, 0, 1]);
    expect(codes('degraded')).toEqual([0, 1, 1, 1, 0, 1]);
    expect(codes('never')).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('comes with a line unless all is well', () => {
    expect(exitOf(samples.healthy, 'unhealthy').line).toBe('');
    expect(exitOf(samples.unknown, 'unhealthy').line).toMatch(/^example in us-east-1 is UNKNOWN: STS/);
  });

  test('comes with the one command of each finding, on one line', () => {
    const [first, second] = findingLines(samples.stopped.findings, 'example', samples.GITHUB);
    expect(first).toEqual({
      title: 'nobody-active',
      message: expect.stringMatching(
        /^example: nobody is active: .*\nDo now: gh workflow run failover\.yml -f deployment=example -f target=us-west-2 .* -f confirm=example$/,
      ) as unknown,
    });
    expect(second?.title).toBe('move-stands');
    const [paused] = findingLines(samples.allPaused.findings, 'example', samples.TERMINAL);
    expect(paused?.message).toMatch(/^example: all DAGs of yours .* unless they were paused on purpose$/);
  });

  test('fail-on is refused where it means nothing', () => {
    expect(requireFailOn('failover', '')).toBe('unhealthy');
    expect(requireFailOn('check', 'never')).toBe('never');
    for (const [operation, text] of [
      ['check', 'always'],
      ['failover', 'never'],
    ] as const)
      expect(() => requireFailOn(operation, text)).toThrow(expect.objectContaining({ code: 'MDR-INPUT-INVALID' }));
  });
});

describe('outputs', () => {
  test('are those that the operation has', () => {
    const { json, ...outputs } = outputsOf(samples.failover);
    expect(outputs).toEqual({
      verdict: 'UNHEALTHY',
      'verdict-class': 'region',
      'active-site': 'us-west-2',
      epoch: '1',
      snapshot: '20261124T101500Z-e0-ab12cd34',
      'rpo-seconds': '280',
      'rto-seconds': '361',
      move: 'mv-1-ab12cd34',
    });
    expect(JSON.parse(json ?? '')).toEqual(samples.failover);
  });

  test('leave out what is not known', () => {
    const names = (result: Parameters<typeof outputsOf>[0]) => Object.keys(outputsOf(result));
    expect(names(samples.unknown)).toEqual(['verdict', 'active-site', 'json']);
    expect(names(samples.healthy)).toEqual(['verdict', 'active-site', 'epoch', 'snapshot', 'rpo-seconds', 'json']);
    expect(names(samples.status)).toEqual(['active-site', 'epoch', 'snapshot', 'rpo-seconds', 'json']);
    expect(names(samples.moving)).toContain('move');
    expect(names(samples.verified)).toEqual(['snapshot', 'json']);
    expect(names(samples.snapshot)).toEqual(['snapshot', 'rpo-seconds', 'json']);
    expect(names(samples.install)).toEqual(['json']);
    expect(names(samples.uninstall)).toEqual(['json']);
  });
});

describe('whatever was thrown', () => {
  const fault = (more: Partial<AwsFault>) =>
    new AwsFault({ quality: 'error', service: 's3', region: 'r', operation: 'o', awsCode: 'c', message: 'm', ...more });

  test.each([
    [new MdrError({ code: 'MDR-LEASE-HELD', message: '', fix: '' }), 'MDR-LEASE-HELD'],
    [fault({ quality: 'denied' }), 'MDR-AWS-DENIED'],
    [fault({ quality: 'dark' }), 'MDR-AWS-DARK'],
    [fault({ service: 'airflow-env' }), 'MDR-AIRFLOW-REST'],
    [fault({ service: 'airflow-env', quality: 'dark' }), 'MDR-AWS-DARK'],
    [fault({ service: 'sts', operation: 'AssumeRoleWithWebIdentity', quality: 'denied' }), 'MDR-CREDENTIALS'],
    [fault({ service: 'sts', operation: 'GetCallerIdentity', quality: 'denied' }), 'MDR-AWS-DENIED'],
    [new TypeError('x is undefined'), 'MDR-INTERNAL'],
    ['a string', 'MDR-INTERNAL'],
  ])('has a code (%#)', (thrown, errorCode) => {
    expect(knownError(thrown).code).toBe(errorCode);
    expect(knownError(thrown).fix).toBeDefined();
  });
});
