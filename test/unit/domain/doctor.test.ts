import { describe, expect, test } from '@jest/globals';
import type { BucketReport, DoctorFacts, KeyReport, SiteFacts } from '../../../action/src/domain/doctor-facts.ts';
import type { BucketRule, Decision } from '../../../action/src/domain/doctor-ports.ts';
import { diagnose, findingsOf } from '../../../action/src/domain/doctor.ts';
import { doctorReport } from '../../../action/src/report/doctor.ts';
import { toMarkdown } from '../../../action/src/report/markdown.ts';
import { GITHUB } from '../report/samples.ts';
import { answer, NOW, soundFacts, withStandby } from './doctor-facts.ts';

const found = (facts: DoctorFacts) => findingsOf(diagnose(facts));

test('where everything is in order every check is sound', () => {
  const outcomes = diagnose(soundFacts());
  expect(outcomes.filter(({ level }) => level !== 'sound')).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(50);
});

const options = (all: Record<string, string>) =>
  withStandby(({ settings }) => ({ settings: { ...settings, options: all } }));

const rights = (...decisions: Decision[]) =>
  withStandby(({ execution }) => ({ execution: execution && { ...execution, decisions: answer(decisions) } }));

const decision = (of: Decision['decision'], ...missingContext: string[]): Decision => ({
  action: 's3:PutObject',
  resource: 'arn:aws:s3:::b/k',
  decision: of,
  missingContext,
});

function setup(report: BucketReport, change: Partial<NonNullable<BucketReport['setup']>>): BucketReport {
  return { ...report, setup: report.setup && { ...report.setup, ...change } };
}

const drRules = (change: (one: BucketRule) => BucketRule) =>
  withStandby(({ drBucket }) => ({
    drBucket: setup(drBucket, {
      rules: answer(drBucket.setup && 'answer' in drBucket.setup.rules ? drBucket.setup.rules.answer.map(change) : []),
    }),
  }));

const policy = (...statements: object[]): KeyReport['policy'] => answer(JSON.stringify({ Statement: statements }));
const drPolicy = (...statements: object[]) =>
  withStandby(({ drKey }) => ({ drKey: { ...drKey, policy: policy(...statements) } }));
const ROLES = soundFacts().sites.map(({ settings }) => settings.executionRole ?? '');
const USE = ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey*'];

const gone = (change: Partial<SiteFacts> = {}) =>
  withStandby(() => ({
    environment: answer(undefined),
    importErrors: undefined,
    reportsHeartbeat: undefined,
    ...change,
  }));
const room = (used: number, quota: number | undefined) => ({ room: answer({ used, quota }) });
const coldStandby = (change: Partial<SiteFacts>): DoctorFacts => {
  const facts = gone(change);
  return { ...facts, deployment: { ...facts.deployment, strategy: 'backup-restore' } };
};

const KEY = { arn: '', state: 'Enabled', multiRegion: false, spec: 'SYMMETRIC_DEFAULT' };

describe('a defect is found as what it is:', () => {
  test.each<[string, DoctorFacts, string, RegExp]>([
    ['no room for a new environment', coldStandby(room(10, 10)), 'error quota', /quota is 10/],
    ['no room by the default quota', coldStandby(room(10, undefined)), 'unknown quota', /unless it was raised/],
    [
      'an option that hides the metric by a pattern',
      options({ 'metrics.metrics_allow_list': 'dag,task', 'metrics.metrics_use_pattern_match': 'True' }),
      'warning configuration-options',
      /metrics_allow_list/,
    ],
    ['metrics that are off', options({ 'metrics.statsd_on': 'False' }), 'warning configuration-options', /statsd_on/],
    ['an explicit denial', rights(decision('explicitDeny', 'aws:X')), 'error execution-rights', /denied explicitly/],
    ['a right that is missing', rights(decision('implicitDeny')), 'error execution-rights', /s3:PutObject on arn/],
    [
      'a right that hangs on a condition',
      rights(decision('implicitDeny', 'aws:SourceVpc')),
      'unknown execution-rights',
      /hangs on aws:SourceVpc/,
    ],
    [
      'a role that is not there',
      withStandby(({ execution }) => ({ execution: execution && { ...execution, decisions: answer(undefined) } })),
      'error execution-rights',
      /no such role/,
    ],
    [
      'a key of another Region',
      withStandby(({ drKey }) => ({
        drKey: { ...drKey, key: answer({ ...KEY, arn: 'arn:aws:kms:eu-west-1:1:key/dr' }) },
      })),
      'error key',
      /not a key of/,
    ],
    [
      'a multi-Region key for MWAA',
      withStandby(({ environmentKey: own }) => ({
        environmentKey: own && { ...own, key: answer({ ...KEY, arn: own.name, multiRegion: true }) },
      })),
      'warning key',
      /multi-Region/,
    ],
    [
      'a key policy that denies',
      drPolicy(
        { Effect: 'Allow', Principal: '*', Action: 'kms:*' },
        { Effect: 'Deny', Principal: { AWS: ROLES[1] }, Action: 'kms:Decrypt' },
      ),
      'error key-policy',
      /denies .*execution-us-west-2/,
    ],
    [
      'a key policy without one of the roles',
      drPolicy({ Effect: 'Allow', Principal: { AWS: [ROLES[0]] }, Action: USE }),
      'error key-policy',
      /lets .*execution-us-west-2 not use it/,
    ],
    [
      'a key policy that is no JSON',
      withStandby(({ drKey }) => ({ drKey: { ...drKey, policy: answer('?') } })),
      'unknown key-policy',
      /understood/,
    ],
    [
      'rules only for tagged objects',
      drRules((one) => ({ ...one, onlyTagged: true })),
      'error replication',
      /no replication rule/,
    ],
    [
      'rules that copy deletions',
      drRules((one) => ({ ...one, copiesDeletions: true })),
      'warning replication',
      /copies deletions/,
    ],
    [
      'rules that leave out what is encrypted',
      drRules((one) => ({ ...one, copiesKmsEncrypted: false })),
      'error replication',
      /encrypted with KMS/,
    ],
    [
      'a bucket in another Region',
      withStandby(({ drBucket }) => ({ drBucket: { ...drBucket, location: answer('us-east-1') } })),
      'error bucket-exists',
      /lost with that Region/,
    ],
    [
      'another key of the DR bucket',
      withStandby(({ drBucket }) => ({
        drBucket: setup(drBucket, { encryption: answer({ algorithm: 'AES256', keyId: undefined }) }),
      })),
      'warning bucket-encryption',
      /with AES256/,
    ],
    [
      'an old snapshot',
      { ...soundFacts(), snapshot: answer('20261124T060000Z-e0-0123abcd') },
      'warning snapshot',
      /4 h old/,
    ],
    ['no snapshot', { ...soundFacts(), snapshot: answer(undefined) }, 'error snapshot', /UNPROTECTED/],
    [
      'subnets in two VPCs',
      withStandby(() => ({
        subnets: answer([
          { id: 'subnet-a', vpc: 'vpc-1', zone: 'a' },
          { id: 'subnet-b', vpc: 'vpc-2', zone: 'b' },
        ]),
      })),
      'error subnets',
      /two VPCs/,
    ],
    ['a security group that is gone', withStandby(() => ({ groups: answer([]) })), 'error security-groups', /no sg-a/],
    [
      'a DR DAG that cannot be imported',
      withStandby(() => ({ importErrors: answer(['/usr/local/airflow/dags/mwaadr/mwaadr_dags.py']) })),
      'error import-errors',
      /mwaadr_dags/,
    ],
    [
      'a silent canary',
      withStandby(({ beat }) => ({
        beat: 'answer' in beat && beat.answer ? answer({ ...beat.answer, ageMilliseconds: 9e7 }) : beat,
      })),
      'error heartbeat',
      /silent for 25 h/,
    ],
    [
      'a canary whose objects stay its own role’s',
      withStandby(({ beat }) => ({
        beat:
          'answer' in beat && beat.answer
            ? answer({ ...beat.answer, hold: { ...beat.answer.hold, foreign: ['mwaadr_state'] } })
            : beat,
      })),
      'warning database-owner',
      /keeps mwaadr_state/,
    ],
  ])('%s', (_name, facts, what, says) => {
    const findings = found(facts);
    expect(findings.map(({ level, check }) => `${level} ${check}`)).toContain(what);
    expect(new Set(findings.map(({ check }) => check)).size).toBe(1);
    expect(findings.map((finding) => finding.what).join(' | ')).toMatch(says);
    expect(findings.every(({ cure }) => cure !== '')).toBe(true);
  });
});

describe('no defect is', () => {
  test.each<[string, DoctorFacts]>([
    [
      'a standby that is made at the failover, while there is room',
      coldStandby({ ...room(9, 10), beat: answer(undefined) }),
    ],
    ['a key policy that names every role', drPolicy({ Effect: 'Allow', Principal: { AWS: ROLES }, Action: USE })],
    [
      'a deletion of the key that is denied',
      drPolicy(
        { Effect: 'Allow', Principal: '*', Action: 'kms:*' },
        { Effect: 'Deny', Principal: '*', Action: 'kms:ScheduleKeyDeletion' },
      ),
    ],
    ['an allow list that has the heartbeat', options({ 'metrics.metrics_allow_list': 'scheduler,dag' })],
    ['a block list of something else', options({ 'metrics.metrics_block_list': 'ti,pool' })],
    [
      'a private web server that answers',
      withStandby(({ settings }) => ({ settings: { ...settings, accessMode: 'PRIVATE_ONLY' } })),
    ],
    ['unpaused new DAGs at the active site', activeOptions({ 'core.dags_are_paused_at_creation': 'False' })],
  ])('%s', (_name, facts) => {
    expect(found(facts)).toEqual([]);
  });

  function activeOptions(all: Record<string, string>): DoctorFacts {
    const facts = soundFacts();
    const [active, standby] = facts.sites;
    return { ...facts, sites: [{ ...active, settings: { ...active.settings, options: all } }, standby] };
  }
});

describe('the report', () => {
  const report = (facts: DoctorFacts) => {
    const outcomes = diagnose(facts);
    const unknown = outcomes.filter(({ level }) => level === 'unknown').length;
    const one = { deployment: 'example', file: 'environments/example.json', at: new Date(NOW).toISOString() };
    const diagnosis = { ...one, findings: findingsOf(outcomes), checked: outcomes.length - unknown, unknown };
    return toMarkdown(doctorReport({ operation: 'doctor', deployments: [diagnosis], failures: [] }, GITHUB));
  };

  test('says first that all is sound', () => {
    expect(report(soundFacts())).toMatch(/^### ✅ example: sound, \d+ checks\n/);
  });

  test('says first how many defects there are, and which would stop a failover', () => {
    const facts = options({ 'scheduler.use_job_schedule': 'False', 'metrics.statsd_on': 'False' });
    const markdown = report(facts);
    expect(markdown).toMatch(/^### 🛑 example: 2 defects, 1 would stop a failover\n/);
    expect(markdown.indexOf('stops a failover |')).toBeLessThan(markdown.indexOf('defect |'));
  });

  test('does not call a defect what could not be read', () => {
    const markdown = report(withStandby(() => ({ control: { fault: 'denied', detail: 'GetObject: AccessDenied' } })));
    expect(markdown).toMatch(/^### ❔ example: no defect found, \d+ checks; 1 check could not be made\n/);
    expect(markdown).toContain('Allow s3:GetObject to whoever runs doctor');
  });

  test('cannot be changed by what a file is called', () => {
    const name = 'dags/`x` | </details> @all <b>.py';
    const markdown = report(withStandby(() => ({ importErrors: answer([name]) })));
    expect(markdown).not.toMatch(/<\/details>|<b>\.py|[^;]@all/);
    const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
    expect(new Set(rows.map((row) => row.split('|').length))).toEqual(new Set([6]));
  });
});
