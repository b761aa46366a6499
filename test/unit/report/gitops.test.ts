import { describe, expect, it } from '@jest/globals';
import type { FleetFailure, OperationResult } from '../../../action/src/domain/results.ts';
import { annotationsOf } from '../../../action/src/report/annotations.ts';
import { toMarkdown } from '../../../action/src/report/markdown.ts';
import { answerOf, outcomeOf, planSetReport } from '../../../action/src/report/plan-set.ts';
import { reportOf } from '../../../action/src/report/report.ts';
import { planned } from '../domain/plan-cases.ts';
import { agreed, applied, comment, drifted, matrix, plans } from './gitops-samples.ts';
import { GITHUB } from './samples.ts';

const changed = planned({ east: { MaxWorkers: 9 } }).plan;
const synced = planned({}).plan;
const refused = planned({ west: { 'NetworkConfiguration.SubnetIds': ['subnet-a', 'subnet-b'] } }).plan;
const failure: FleetFailure = {
  file: 'environments/x.json',
  deployment: 'x',
  code: 'MDR-AWS-DARK',
  message: 'GetEnvironment in us-west-2: TimeoutError',
  fix: 'run `check`',
  place: undefined,
};
const first = (result: OperationResult): string => toMarkdown(reportOf(result, GITHUB)).split('\n')[0] ?? '';

describe('a set of plans', () => {
  it('is as bad as its worst', () => {
    const plansOf = (...all: (typeof synced)[]) => outcomeOf({ plans: all, failures: [] });
    expect(plansOf()).toBe('in sync');
    expect(plansOf(synced, changed)).toBe('changes');
    expect(plansOf(changed, refused, synced)).toBe('refused');
    expect(outcomeOf({ plans: [refused], failures: [failure] })).toBe('failed');
  });

  it('answers for one deployment as its own plan does, and for several by counts', () => {
    expect(answerOf({ plans: [synced], failures: [] })).toBe(
      'example is in sync: us-east-1 and its standby us-west-2 are as Git wants them',
    );
    expect(answerOf({ plans: [synced, changed, refused], failures: [failure] })).toBe(
      '4 deployments: 1 could not be planned, 1 refused, 1 to change, 1 in sync',
    );
    expect(answerOf({ plans: [], failures: [] })).toBe('No deployment is concerned');
  });

  it('hides no deployment behind one that failed', () => {
    const text = toMarkdown(planSetReport({ plans: [changed], failures: [failure] }, 'full', GITHUB));
    expect(text).toContain('#### x: MDR-AWS-DARK');
    expect(text).toContain('MaxWorkers');
  });

  it('shows the gravest first, and few plans unfolded', () => {
    const text = toMarkdown(planSetReport({ plans: [synced, changed, refused], failures: [] }, 'full', GITHUB));
    const heads = text.split('\n').filter((line) => line.startsWith('### '));
    expect(heads.map((line) => line.slice(4, 6).trim())).toEqual(['🛑', '🛑', '⚠️']);
  });
});

describe('the first line of', () => {
  it.each<[string, OperationResult, string]>([
    ['a reconcile', applied, '### ✅ example is as Git says, at both sites'],
    ['a held one', { ...applied, outcome: 'held' }, '### ⚠️ example is held until'],
    ['a drift check', drifted, '### ✅'],
    ['a plan', plans, '### ⚠️ example would be changed: 1 change at us-east-1 (active)'],
    ['a comment', comment, '### ⚠️ example would be changed'],
    ['a matrix', matrix, '### ✅ 0 of 0 deployments in 0 groups: all'],
    ['an agreement', agreed, '### ⚠️ Merge pull request &#35;8'],
  ])('%s says what the reader came for', (_what, result, line) => {
    expect(first(result)).toContain(line);
  });
});

describe('a run that a window held', () => {
  it('says who goes on afterwards: nobody, unless it is self-heal', () => {
    const held = { ...applied, outcome: 'held', steps: [], objects: 0 } as const;
    const text = (result: OperationResult) => toMarkdown(reportOf(result, GITHUB));
    expect(text(held)).toContain('nothing was changed');
    expect(text(held)).toContain('Nothing starts by itself afterwards: then run this again');
    expect(text({ ...held, objects: 2 })).toContain('it was stopped half-way');
    expect(text({ ...held, scope: 'self-heal' })).toContain('The next drift check after that looks at it again');
  });
});

describe('annotations', () => {
  it('stand at the line of each problem of a file', () => {
    const broken: FleetFailure = {
      ...failure,
      code: 'MDR-FILE-SCHEMA',
      message: 'environments/x.json:3:5: unknown key "regoin"\nenvironments/x.json:9:1: strategy is missing',
    };
    const all = annotationsOf({ operation: 'validate', files: [], failures: [broken], warnings: [] });
    expect(all).toEqual([
      {
        level: 'error',
        title: 'MDR-FILE-SCHEMA',
        message: 'unknown key "regoin"',
        place: { file: 'environments/x.json', line: 3, column: 5 },
      },
      expect.objectContaining({ place: { file: 'environments/x.json', line: 9, column: 1 } }),
    ]);
  });

  it.each(['matrix', 'fleet-status'] as const)('fail a run of %s for a file that cannot be read', (operation) => {
    const result: OperationResult =
      operation === 'matrix'
        ? { ...matrix, failures: [failure] }
        : { operation, at: '2026-11-24T10:00:00Z', deployments: [], failures: [failure] };
    expect(annotationsOf(result)).toEqual([expect.objectContaining({ level: 'error', title: 'MDR-AWS-DARK' })]);
    expect(first(result)).toContain('unreadable');
  });

  it('fail a matrix that has no room for all', () => {
    const full: OperationResult = { ...matrix, matrix: { ...matrix.matrix, tooMany: '2 of 258 deployments' } };
    expect(annotationsOf(full)).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringContaining('2 of 258') as unknown as string }),
    ]);
    expect(first(full)).toContain('🛑');
  });

  it('stand at the file for what has no line, and say what to do', () => {
    expect(annotationsOf({ operation: 'plan', plans: [], failures: [failure] })).toEqual([
      expect.objectContaining({
        message: expect.stringContaining('Do now: run `check`') as unknown as string,
        place: { file: 'environments/x.json', line: 1, column: 1 },
      }),
    ]);
  });

  it('name each reason against a plan, and nothing of a plan that can be carried out', () => {
    expect(annotationsOf({ operation: 'plan', plans: [refused], failures: [] })).toHaveLength(1);
    expect(annotationsOf({ operation: 'plan', plans: [changed, synced], failures: [] })).toEqual([]);
  });

  it('are no more than GitHub shows', () => {
    const many = Array.from({ length: 30 }, () => failure);
    expect(annotationsOf({ operation: 'plan', plans: [], failures: many })).toHaveLength(10);
  });
});
