import { describe, expect, test } from '@jest/globals';
import type { Plan } from '../../../action/src/domain/plan-model.ts';
import { toMarkdown } from '../../../action/src/report/markdown.ts';
import { planReport } from '../../../action/src/report/plan.ts';
import type { Detail } from '../../../action/src/report/plan.ts';
import { toText } from '../../../action/src/report/text.ts';
import { deploymentWith, planned } from '../domain/plan-cases.ts';
import type { Case } from '../domain/plan-cases.ts';
import { GITHUB, TERMINAL } from './samples.ts';

const SECRET = 'smtp-pass-4711';
const DRIFT: Case = {
  east: { MaxWorkers: 9, 'AirflowConfigurationOptions.smtp.smtp_password': SECRET },
  west: { MaxWorkers: 3, Schedulers: 4 },
};
const markdown = (of: Case, detail: Detail = 'full') => toMarkdown(planReport(planned(of).plan, detail));
const first = (of: Case) => markdown(of).split('\n')[0];
const row = (text: string, field: string) =>
  text.split('\n').find((line) => line.startsWith(`| <code>${field}</code>`));

describe('the first line says', () => {
  test('that nothing is to be done', () => {
    expect(first({})).toBe('### ✅ example is in sync: us-east-1 and its standby us-west-2 are as Git wants them');
  });

  test('what would be changed, in the order of work', () => {
    expect(first(DRIFT)).toBe(
      '### ⚠️ example would be changed: 3 changes at us-west-2 (standby), then 1 change at us-east-1 (active)',
    );
  });

  test('that others would have to change it', () => {
    const deployment = deploymentWith((file) => (file['manage'] = 'observe'));
    expect(first({ deployment, ...DRIFT })).toContain(
      'example is not as Git wants it, and <code>manage: observe</code>',
    );
  });

  test('how many reasons there are against it', () => {
    expect(first({ west: { 'NetworkConfiguration.SubnetIds': ['subnet-a', 'subnet-b'] } })).toBe(
      '### 🛑 example would not be changed: 1 reason against this plan',
    );
  });
});

describe('a field is shown three ways', () => {
  test('as Git has it and as both sites are', () => {
    expect(row(markdown(DRIFT), 'MaxWorkers')).toBe(
      '| <code>MaxWorkers</code> | <code>5</code> | <code>9</code> | <code>3</code> | ✏️ drift from Git |',
    );
  });

  test('with nothing in the place of Git where Git is silent', () => {
    expect(row(markdown(DRIFT), 'Schedulers')).toBe(
      '| <code>Schedulers</code> |  | <code>2</code> | <code>4</code> | ✏️ parity drift, changes the standby |',
    );
  });

  test('that Git wants gone is not set in Git', () => {
    const deployment = deploymentWith((file) => (file['mwaa'] = { tags: {} }));
    expect(
      row(markdown({ deployment, east: { 'Tags.team': 'x' }, west: { 'Tags.team': 'x' } }), 'Tags.team'),
    ).toContain('| not set | <code>x</code> | <code>x</code> |');
  });

  test('by a letter where the value may be a secret, at every detail', () => {
    expect(row(markdown(DRIFT), 'AirflowConfigurationOptions.smtp.smtp_password')).toContain('| hidden A | not set |');
    const { plan, fingerprints } = planned(DRIFT);
    expect(JSON.stringify({ plan, fingerprints }) + markdown(DRIFT)).not.toContain(SECRET);
  });
});

test('what is well is folded, and left out of shorter forms', () => {
  expect(markdown(DRIFT)).toContain('<summary>15 fields that need nothing: 11 in sync, 4 site-local</summary>');
  expect(markdown(DRIFT, 'differences')).not.toContain('<details>');
});

test('each shorter form is shorter, and every one has answer and digest', () => {
  const forms = (['full', 'differences', 'counts'] as const).map((detail) => markdown(DRIFT, detail));
  const [full = '', differences = '', counts = ''] = forms;
  expect(full.length).toBeGreaterThan(differences.length);
  expect(differences.length).toBeGreaterThan(counts.length);
  expect(counts).toContain('3 fields not as Git wants; 2 notices; 0 refusals');
  for (const form of forms) expect(form).toContain(planned(DRIFT).plan.digest);
});

test('a merge is told in its order, with the usual time and what it waits for', () => {
  const text = markdown(DRIFT);
  expect(text).toContain(
    '- <b>us-west-2, standby</b>: update AirflowConfigurationOptions.smtp.smtp_password, MaxWorkers, Schedulers; usually 20 to 30 min',
  );
  expect(text).toContain(
    '- <b>us-east-1, active</b>: when the standby is healthy, update MaxWorkers; usually 20 to 30 min',
  );
});

test('a refusal has its code, the reason and the way out', () => {
  const text = markdown({ west: { KmsKey: 'arn:aws:kms:us-west-2:1:key/other' } });
  expect(text).not.toContain('MDR-PLAN-IMMUTABLE');
  const deployment = deploymentWith((file) => (file['active'] = { site: 'us-west-2', since: 0 }));
  expect(markdown({ deployment })).toContain('<b>MDR-ACTIVE-MOVE</b>: The file asks to make us-west-2 the active site');
  expect(markdown({ deployment }, 'counts')).toContain('1 refusal (MDR-ACTIVE-MOVE)');
});

test('a window is told before anything else', () => {
  const deployment = deploymentWith((file) => (file['paused'] = { reason: 'audit', until: '2026-12-01T00:00:00Z' }));
  expect(
    markdown({ deployment, ...DRIFT })
      .split('\n')
      .slice(0, 4)
      .join('\n'),
  ).toContain('Nothing is changed before 2026-12-01 00:00:00 UTC: audit. A failover does not wait for that.');
});

test('artifacts that differ have a table, and what they mean is said once', () => {
  const consequence = 'a failover would run old dependencies';
  const { plan } = planned({});
  const of: Plan = {
    ...plan,
    artifacts: {
      bundle: 'ab',
      rows: [
        { path: 'requirements.txt', verdict: 'differs at the standby', consequence },
        { path: 'plugins.zip', verdict: 'missing at the standby', consequence },
        { path: 'dags/a.py', verdict: 'in sync', consequence: '' },
      ],
    },
  };
  const text = toMarkdown(planReport(of, 'differences'));
  expect(text).toContain('| <code>requirements.txt</code> | differs at the standby |');
  expect(text).not.toContain('dags/a.py');
  expect(text.split(consequence)).toHaveLength(2);
});

test('a name or a value cannot change how the plan looks', () => {
  const text = markdown({ west: { 'Tags.@octocat': 'x|`</details>`\n# y' } });
  expect(text).not.toMatch(/<\/details>`|^# /m);
  // What stands in code is no mention.
  expect(text.replaceAll(/<code>.*?<\/code>/g, '')).not.toContain('@octocat');
});

test('an endless value is cut', () => {
  expect(row(markdown({ west: { 'Tags.team': 'x'.repeat(5_000) } }), 'Tags.team')?.length).toBeLessThan(300);
});

test('a terminal gets the same plan and the command that applies it', () => {
  const { plan } = planned(DRIFT);
  expect(toText(planReport(plan, 'full', TERMINAL))).toContain(`--digest ${plan.digest}`);
  expect(toText(planReport(plan, 'full', GITHUB))).not.toContain('--digest');
});
