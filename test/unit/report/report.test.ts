import { describe, expect, test } from '@jest/globals';
import { MdrError } from '../../../action/src/domain/errors.ts';
import type { OperationResult } from '../../../action/src/domain/results.ts';
import { errorReport } from '../../../action/src/report/error.ts';
import { toMarkdown } from '../../../action/src/report/markdown.ts';
import { reportOf, summaryOf } from '../../../action/src/report/report.ts';
import { command } from '../../../action/src/report/words.ts';
import { toText } from '../../../action/src/report/text.ts';
import { WORKFLOW_FILES } from '../../workflows/workflow-files.ts';
import * as samples from './samples.ts';
import { GITHUB, TERMINAL } from './samples.ts';

const markdown = (result: OperationResult) => toMarkdown(reportOf(result, GITHUB));
const text = (result: OperationResult) => toText(reportOf(result, TERMINAL));
const firstLine = (report: string) => report.split('\n', 1)[0];

describe('the first line answers', () => {
  test.each<[string, OperationResult, string]>([
    ['healthy', samples.healthy, '✅ example runs in us-east-1 and is HEALTHY'],
    ['degraded', samples.degraded, '⚠️ example runs in us-east-1, DEGRADED'],
    ['a lost Region', samples.lost, '🛑 The Region us-east-1 is lost, and example with it: UNHEALTHY'],
    [
      'a dead scheduler',
      samples.schedulerDead,
      '🛑 Airflow of example is dead, but its Region us-east-1 answers: UNHEALTHY',
    ],
    ['unknown', samples.unknown, '❔ Nobody can tell whether example runs in us-east-1: UNKNOWN'],
    ['a move', samples.failover, '✅ example runs in us-west-2 now; the move took 3 min 41 s'],
    [
      'a fresh snapshot',
      samples.snapshot,
      '✅ The newest snapshot of example is 6 min 3 s old and verified in us-west-2',
    ],
    [
      'a new snapshot',
      { ...samples.snapshot, outcome: 'taken' },
      '✅ A new snapshot of example is verified in us-west-2',
    ],
    [
      'a verified snapshot',
      samples.verified,
      '✅ The snapshot of example that is 6 min 3 s old can be restored in us-west-2',
    ],
    ['a quiet deployment', samples.status, '✅ example is active in us-east-1, with us-west-2 as its standby'],
    [
      'a deployment that owes',
      { ...samples.status, debts: samples.failover.debts },
      '⚠️ example is active in us-east-1; something is still owed',
    ],
    [
      'a deployment that moves',
      samples.moving,
      '⚠️ A move of example to us-west-2 is under way; its last finished step is claimed',
    ],
    [
      'a move that was planned and left',
      { ...samples.moving, notes: [], lease: undefined },
      '⚠️ example is active in us-east-1; a move was planned, and no run works on it any more',
    ],
    [
      'a deployment where nobody is active',
      samples.nobodyActive,
      '🛑 Nobody is active: no DAG of example runs anywhere',
    ],
    [
      'a run that ends that nobody is active',
      { ...samples.nobodyActive, findings: [], move: undefined },
      '⚠️ Nobody is active, and a run works on it: no DAG of example runs anywhere',
    ],
    [
      'a move that stands',
      { ...samples.nobodyActive, nobodyActive: false },
      '🛑 A move of example to us-west-2 stands unfinished',
    ],
    ['nobody active', samples.stopped, '🛑 Nobody is active, no DAG of example runs anywhere: UNHEALTHY'],
    [
      'a claimed move, whose old side still works',
      { ...samples.stopped, findings: samples.stopped.findings.slice(1) },
      '🛑 A move of example stands half done: UNHEALTHY',
    ],
    [
      'a claimed move whose target cannot be seen',
      samples.unclear,
      '🛑 Nobody can tell whether example runs in us-east-1: UNKNOWN, and a move stands unfinished',
    ],
    [
      'a move that was never confirmed',
      samples.unconfirmed,
      '🛑 example runs in us-west-2 and is HEALTHY, but a move stands unfinished',
    ],
    ['paused DAGs', samples.allPaused, '🛑 example runs in us-east-1 and is HEALTHY, but all its DAGs are paused'],
    [
      'a site that reads nothing',
      samples.peerUnreadable,
      '🛑 example runs in us-east-1, DEGRADED, but a site cannot read its control records',
    ],
    ['dead workers', samples.nothingRuns, '🛑 Airflow of example is dead, but its Region us-east-1 answers: UNHEALTHY'],
    [
      'an installation that waits',
      samples.install,
      '⚠️ Disaster recovery of example is installed, but its first heartbeat is missing',
    ],
    [
      'an installation that was there',
      {
        ...samples.install,
        changed: false,
        sites: [samples.install.sites[0], { ...samples.install.sites[0], uploaded: [] }],
      },
      '✅ Disaster recovery of example was installed already; nothing changed',
    ],
    ['an uninstall', samples.uninstall, '✅ Disaster recovery of example is uninstalled: us-west-2 works on alone'],
    [
      'an uninstall that was done',
      { ...samples.uninstall, sites: [], epoch: null },
      '✅ Disaster recovery of example was uninstalled already',
    ],
  ])('for %s', (_case, result, answer) => {
    expect(firstLine(markdown(result))).toBe(`### ${answer}`);
    expect(`${firstLine(text(result))}`).toBe(answer.replace(/^\S+ /, ''));
  });

  test('an objective that was missed is not good', () => {
    const rpo = { objectiveSeconds: 60, measuredSeconds: 363 };
    expect(firstLine(markdown({ ...samples.snapshot, rpo }))).toContain('⚠️');
    expect(markdown({ ...samples.snapshot, rpo })).toContain('| 1 min | 6 min 3 s | 🛑 missed |');
    expect(markdown({ ...samples.snapshot, rpo: { ...rpo, measuredSeconds: null } })).toContain(
      'could not be measured | ❔ unknown',
    );
  });
});

test('a verified snapshot says what was compared, what was downloaded, and how much that was', () => {
  const told = '30 parts compared by the checksum that S3 keeps, 1 downloaded (171.0 kB).';
  expect(markdown(samples.verified)).toContain(told);
  expect(markdown(samples.snapshot)).toContain(told);
});

describe('the next command', () => {
  test('is a workflow on GitHub and the bundle on a terminal', () => {
    expect(markdown(samples.lost)).toContain(
      'gh workflow run failover.yml \\\n  -f deployment=example \\\n  -f target=us-west-2',
    );
    expect(text(samples.lost)).toContain(
      'node action/dist/index.js failover --deployment environments/example.json \\',
    );
    expect(text(samples.failover)).toContain(
      'node action/dist/index.js check --deployment environments/example.json\n',
    );
  });

  test('quotes what a shell would read otherwise', () => {
    expect(text(samples.stopped)).toContain(`--reason 'mv-1-ab12cd34 stands at claimed'`);
    const { text: quoted } = command(TERMINAL, 'failover', 'example', { reason: "it's lost" });
    expect(quoted).toMatch(/ --wait 1500$/);
    expect(quoted).toContain(`--reason 'it'\\''s lost'`);
  });

  test('of a finding has all that it needs now, and stands once', () => {
    const report = markdown(samples.stopped);
    expect(report).toContain(
      "<b>Do now:</b>\n\n```sh\ngh workflow run failover.yml \\\n  -f deployment=example \\\n  -f target=us-west-2 \\\n  -f reason='mv-1-ab12cd34 stands at claimed' \\\n  -f confirm=example\n```",
    );
    for (const result of [
      samples.stopped,
      samples.unclear,
      samples.unconfirmed,
      samples.nothingRuns,
      samples.nobodyActive,
    ])
      expect(markdown(result).match(/gh workflow run/g)).toHaveLength(1);
  });

  test('overrides in the form that each place takes', () => {
    expect(markdown(samples.unclear)).toContain('  -f override=true\n');
    expect(text(samples.unclear)).toContain('--override force');
  });

  test('is one that the workflow takes', () => {
    const { on } = WORKFLOW_FILES.find(({ id }) => id === 'failover') ?? {};
    const known = (on as { workflow_dispatch: { inputs: Record<string, { type: string }> } }).workflow_dispatch.inputs;
    for (const result of [samples.stopped, samples.unclear, samples.lost])
      for (const [, name = '', value] of markdown(result).matchAll(/-f (\S+?)=(\S+)/g)) {
        expect(Object.keys(known)).toContain(name);
        if (known[name]?.type === 'boolean') expect(value).toMatch(/^(true|false)$/);
      }
  });

  test('is none where a person has to do something at the site', () => {
    for (const result of [samples.allPaused, samples.peerUnreadable]) {
      expect(markdown(result)).not.toContain('```');
      expect(markdown(result)).not.toContain('Because');
    }
    expect(markdown(samples.allPaused)).toContain('unpause them in Airflow of example-us-east-1');
  });

  test('is no move while the site is alive or unknown', () => {
    for (const result of [samples.healthy, samples.degraded, samples.unknown])
      expect(markdown(result)).not.toContain('failover');
  });
});

describe('a check', () => {
  test('shows its evidence by vantage point', () => {
    expect(markdown(samples.lost)).toContain(
      '| MWAA environment, us-east-1 | ⚫ no answer | GetEnvironment in us-east-1: TimeoutError |',
    );
    expect(markdown(samples.lost)).toContain('| Heartbeat of us-east-1 | 🛑 bad | 11 min old |');
  });

  test('shows evidence that it does not know as it is', () => {
    const verdict = { ...samples.healthy.verdict, evidence: ['moon: full, of cheese', 'no colon'] };
    expect(markdown({ ...samples.healthy, verdict })).toContain('| moon | full | of cheese |\n|  |  | no colon |');
  });

  test('says what is owed and what was paid', () => {
    const report = markdown(samples.degraded);
    expect(report).toContain('us-east-1 is not proven to have stopped its DAGs');
    expect(report).toContain('us-east-1 has not been told of the move');
    expect(report).toContain('Paid now: us-east-1 is fenced (stopped), us-east-1 knows of the move.');
    expect(report).toContain('> [!WARNING]\n> The environment of us-west-2 could not be saved');
  });

  test('says what was withdrawn, and what is worth a line', () => {
    const report = markdown(samples.withdrawn);
    expect(report).toContain('mv-1-ab12cd34 to us-west-2, begun 2026-11-24 10:22:00 UTC, was withdrawn');
    expect(report).toContain('All DAGs of yours in us-east-1 are paused, as they were at the newest snapshot.');
    expect(report).toContain('### ✅');
  });

  test('says UNPROTECTED when there is no snapshot, but not when nobody could look', () => {
    expect(markdown(samples.unprotected)).toContain('> [!CAUTION]\n> UNPROTECTED');
    expect(markdown(samples.unknown)).not.toContain('UNPROTECTED');
  });
});

describe('a failover', () => {
  test('names every task that runs again, and folds what is long', () => {
    const report = markdown(samples.failover);
    expect(report).toContain(
      '| <code>etl_orders</code> | <code>scheduled__2026-11-24T10:00:00+00:00</code> | <code>load &#91;0&#93;</code> | running |',
    );
    expect(report).toContain('<summary>Tasks that go on where they were: 12</summary>');
    expect(report).toContain('<code>reports_daily</code>');
    expect(report).toContain('| <code>on_demand</code> | not scheduled |');
  });

  test('says what was lost', () => {
    expect(markdown(samples.failover)).toContain('- Lost: the work of at most 4 min 40 s after that snapshot');
    const loss = { ...samples.failover.loss, lastSignOfLife: null, lostSeconds: null };
    expect(markdown({ ...samples.failover, loss })).toContain('none seen');
  });

  test('names the site whose work is restored, which a move home does not leave', () => {
    expect(markdown(samples.failover)).toContain('Last sign of life of us-east-1');
    const snapshot = { ...samples.failover.loss.snapshot, id: '20261124T101500Z-e1-ab12cd34' };
    const home = { ...samples.failover, epoch: 3, loss: { ...samples.failover.loss, snapshot } };
    expect(markdown(home)).toContain('Last sign of life of us-west-2');
    expect(markdown(home)).toContain('(until us-west-2 was stopped)');
  });

  test('says of a snapshot that is newer than the move when it was taken, and no age', () => {
    expect(markdown(samples.failover)).toContain('6 min 3 s old when the move began.');
    const snapshot = { ...samples.failover.loss.snapshot, takenAt: '2026-11-24T10:23:00Z', ageSeconds: 0 };
    const report = markdown({ ...samples.failover, loss: { ...samples.failover.loss, snapshot } });
    expect(report).toContain('taken 2026-11-24 10:23:00 UTC, after the move began.');
    expect(report).not.toContain('0 s old');
  });

  test('says how far the old side is fenced', () => {
    expect(markdown(samples.failover)).toContain('us-east-1 could not be reached, so nobody knows');
    expect(markdown({ ...samples.failover, fence: 'paused' })).toContain('may still end on their own');
    expect(markdown({ ...samples.failover, fence: 'stopped', debts: [] })).not.toContain('WARNING');
  });

  test('that went on where another run had stopped says so, and that it was forced', () => {
    const report = markdown({ ...samples.failover, resumed: true, overridden: true, activation: undefined });
    expect(report).toContain('which an earlier run had begun');
    expect(report).toContain('<summary>Why: UNHEALTHY(region), overridden</summary>');
  });
});

describe('a status', () => {
  test('shows both sites and the snapshots', () => {
    const report = markdown(samples.status);
    expect(report).toContain(
      '| us-east-1 | active | <code>example-us-east-1</code> AVAILABLE | 41 s ago, as active of epoch 0 |',
    );
    expect(report).toContain(
      '| us-west-2 | standby | <code>example-us-west-2</code> unreadable: dark | none | missing |',
    );
    expect(report).toContain('of a side that was left: not restored');
    expect(markdown({ ...samples.status, snapshots: [] })).toContain('UNPROTECTED');
  });

  test('shows a canary that has found no control record', () => {
    const [first, second] = samples.status.sites;
    const heartbeat = { at: '2026-11-24T10:20:22Z', ageSeconds: 41, role: null, epoch: null };
    expect(markdown({ ...samples.status, sites: [{ ...first, heartbeat }, second] })).toContain(
      '41 s ago, without a control record',
    );
  });

  test('says which side has not heard yet that it lost', () => {
    const [east, west] = samples.status.sites;
    const report = markdown({ ...samples.status, active: 'us-west-2', sites: [{ ...east, role: 'standby' }, west] });
    expect(report).toContain('us-east-1 still called itself active 41 s ago, in epoch 0');
    expect(markdown(samples.status)).not.toContain('still called itself');
  });

  test('says what becomes of a move that was left before its claim', () => {
    const left = { ...samples.moving, notes: [], lease: undefined };
    expect(markdown(left)).toContain('the next <code>check</code> withdraws it');
    expect(markdown(left)).not.toContain('gh workflow run');
  });

  test('shows who holds the lease', () => {
    expect(markdown(samples.moving)).toContain(
      'Held for failover by <code>octocat</code> until 2026-11-24 10:25:00 UTC.',
    );
  });
});

test('an installation shows what it uploaded where', () => {
  expect(markdown(samples.install)).toContain('| us-west-2 | 1 uploaded, 1 unchanged | created | ❔ not seen yet |');
  expect(markdown(samples.install)).toContain('<summary>2 files uploaded in us-east-1</summary>');
});

test('an uninstall says that nothing holds the standby any more, and what was kept', () => {
  expect(markdown(samples.uninstall)).toContain('All DAGs of us-east-1 are paused, and nothing holds them any more');
  expect(markdown(samples.uninstall)).toContain('| us-east-1 | standby | emptied, 2 DAGs paused | 38 removed |');
  expect(markdown(samples.uninstall)).toContain(
    '<summary>1 DAG had no file since the last move, and will come up paused',
  );
  expect(markdown(samples.uninstall)).toContain('are kept in both DR buckets');
  expect(markdown({ ...samples.uninstall, erased: true })).toContain('are deleted in both DR buckets');
});

describe('an error', () => {
  const error = new MdrError({
    code: 'MDR-MOVE-HEALTHY',
    message: 'us-east-1 is HEALTHY',
    fix: 'set `override` to `force`',
    state: 'nothing was touched',
  });

  test('says what happened, what state is left and what to do', () => {
    expect(toMarkdown(errorReport(error))).toBe(
      [
        '### 🛑 MDR-MOVE-HEALTHY: The active site is healthy: leaving it needs an override.',
        'us-east-1 is HEALTHY.',
        '<b>State now:</b> Nothing was touched.',
        '<b>Do now:</b> Set <code>override</code> to <code>force</code>.\n',
      ].join('\n\n'),
    );
  });

  test('of a file names every line', () => {
    const place = { file: 'x.json', line: 4, column: 3 };
    const report = errorReport(
      new MdrError({ code: 'MDR-FILE-SCHEMA', message: 'x.json:4:3: a\nx.json:9:1: b', fix: 'f', place }),
    );
    expect(toMarkdown(report)).toContain('- x.json:4:3: a\n- x.json:9:1: b\n\nAt <code>x.json:4:3</code>.');
    expect(toMarkdown(report)).toContain('Not known.');
  });

  test('of many things begins with what they are', () => {
    const report = errorReport(new MdrError({ code: 'MDR-PLAN-MOVED', message: 'these have moved:\na\nb', fix: 'f' }));
    expect(toMarkdown(report)).toContain('\n\nThese have moved:\n\n- a\n- b\n\n');
  });

  test('of a run that was asked to stop is no alarm', () => {
    expect(toMarkdown(errorReport(new MdrError({ code: 'MDR-STOPPED', message: '', fix: 'f' })))).toContain(
      '### ⚠️ MDR-STOPPED',
    );
  });
});

describe('the limit of a job summary', () => {
  const long = (length: number, dagId = 'd'.repeat(100)) => ({
    ...samples.failover,
    activation: {
      ...(samples.failover.activation ?? {
        rerun: [],
        continued: [],
        runs: [],
        unpaused: 0,
        paused: 0,
        missingDags: [],
        nextRuns: [],
      }),
      rerun: Array.from({ length }, () => ({ dagId, runId: 'r'.repeat(100), taskId: 't', was: 'running' })),
    },
  });
  const summary = (result: OperationResult) => summaryOf((maxRows) => reportOf(result, { ...GITHUB, maxRows }));

  test('leaves a short one alone', () => {
    expect(summary(samples.failover)).toBe(markdown(samples.failover));
  });

  test('shortens lists and says by how much', () => {
    expect(summary(long(50_000))).toContain('| … and 49000 more |  |  |  |');
    const huge = summary(long(50_000, 'd'.repeat(1_900)));
    expect(huge).toContain('| … and 49800 more |');
    expect(Buffer.byteLength(huge)).toBeLessThanOrEqual(1_048_576);
    expect(huge).toContain('gh workflow run health.yml');
  });

  test('cuts off what cannot be shortened, with a sentence that says so', () => {
    const warnings = Array.from({ length: 3_000 }, () => '✅'.repeat(400));
    const huge = summary({ ...samples.healthy, warnings });
    expect(Buffer.byteLength(huge)).toBeLessThanOrEqual(1_048_576);
    expect(huge.trimEnd()).toMatch(/did not fit: the limit of a job summary is 1 MiB\. .*$/);
    expect(firstLine(huge)).toContain('HEALTHY');
  });
});
