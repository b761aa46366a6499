import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readDeployment } from '../../../action/src/domain/deployment-file.ts';
import { UNSUPPORTED } from '../../../action/src/domain/unsupported.ts';

const EXAMPLE = readFileSync(new URL('../../../environments/example.json', import.meta.url), 'utf8');

type Json = Readonly<Record<string, unknown>>;

/** The example with the value at each path (keys joined by /) replaced; `undefined` = left away. */
function edited(changes: Json): string {
  const file = JSON.parse(EXAMPLE) as Json;
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('/');
    const last = keys.pop() ?? '';
    let parent = file as Record<string, unknown>;
    for (const key of keys) parent = (parent[key] ??= {}) as Record<string, unknown>;
    parent[last] = value;
  }
  return JSON.stringify(file, undefined, 2);
}

/** Each problem as `code path-line message`, and its fix. */
function problemsWith(changes: Json) {
  const text = edited(changes);
  const read = readDeployment(text);
  if ('deployment' in read) return [];
  const lines = text.split('\n');
  return read.problems.map(({ place, message, fix }) => ({
    code: read.code,
    line: lines[place.line - 1]?.trim() ?? '',
    message,
    fix,
  }));
}

const arn = (partition: string, region: string, account: string) =>
  `arn:${partition}:kms:${region}:${account}:key/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa`;

interface Case {
  readonly changes: Json;
  /** Part of the line of the file at which the problem is reported. */
  readonly at: string;
  readonly message: string;
}

const RULES: Readonly<Record<string, Case>> = {
  'a bucket for both sites': {
    changes: { 'sites/1/dagsBucket': 'example-dags-us-east-1' },
    at: '"dagsBucket"',
    message: 'both sites use the bucket example-dags-us-east-1',
  },
  'snapshots rarer than the RPO': {
    changes: { 'snapshot/everySeconds': 901 },
    at: '"everySeconds": 901',
    message: 'a snapshot every 901 s cannot meet an RPO of 900 s',
  },
  'beats rarer than health periods': {
    changes: { 'canary/everySeconds': 301 },
    at: '"everySeconds": 301',
    message: 'leaves health periods of 300 s without one',
  },
  'a standby that is smaller': {
    changes: { 'sites/1/mwaa/environmentClass': 'mw1.small' },
    at: '"environmentClass": "mw1.small"',
    message: 'the standby in us-west-2 is mw1.small, the active site mw1.medium',
  },
  'a standby that is smaller where the second site is active': {
    changes: { 'active/site': 'us-west-2', 'active/since': 1, 'sites/0/mwaa/environmentClass': 'mw1.small' },
    at: '"environmentClass": "mw1.small"',
    message: 'the standby in us-east-1 is mw1.small',
  },
  'an active site that is larger than what both are told': {
    changes: { 'sites/0/mwaa/environmentClass': 'mw1.large' },
    at: '"environmentClass": "mw1.medium"',
    message: 'the standby in us-west-2 is mw1.medium, the active site mw1.large',
  },
  'fewer workers at most than at least': {
    changes: { 'sites/0/mwaa/maxWorkers': 1 },
    at: '"minWorkers": 2',
    message: 'minWorkers is 2 and maxWorkers 1 in us-east-1',
  },
  'fewer web servers at most than at least': {
    changes: { 'sites/1/mwaa/minWebservers': 5 },
    at: '"minWebservers": 5',
    message: 'minWebservers is 5 and maxWebservers 3 in us-west-2',
  },
  'one scheduler': {
    changes: { 'sites/1/mwaa/schedulers': 1 },
    at: '"schedulers": 1',
    message: 'schedulers is 1, but mw1.medium takes from 2 to 5',
  },
  'a role of another account': {
    changes: { 'sites/1/mwaa/executionRoleArn': 'arn:aws:iam::999999999999:role/r' },
    at: '"executionRoleArn": "arn:aws:iam::999999999999:role/r"',
    message: 'executionRoleArn of the site in us-west-2 belongs to the account 999999999999',
  },
  'a key of another Region': {
    changes: { 'sites/1/mwaa/kmsKey': arn('aws', 'us-east-1', '111122223333') },
    at: '"kmsKey"',
    message: 'kmsKey of the site in us-west-2 belongs to the Region us-east-1',
  },
  'a key of another partition and account': {
    changes: { 'sites/0/mwaa/kmsKey': arn('aws-cn', 'us-east-1', '999999999999') },
    at: '"kmsKey"',
    message: 'belongs to the partition aws-cn and the account 999999999999',
  },
  'a key at one site only': {
    changes: { 'sites/1/mwaa/kmsKey': undefined },
    at: '"mwaa": {',
    message: 'us-west-2 has no kmsKey, but us-east-1 has one',
  },
  'one subnet twice': {
    changes: { 'sites/0/mwaa/networkConfiguration/subnetIds': ['subnet-1', 'subnet-1'] },
    at: '"subnet-1"',
    message: 'both subnets are subnet-1',
  },
  'a subnet at both sites': {
    changes: { 'sites/1/mwaa/networkConfiguration/subnetIds': ['subnet-1', 'subnet-01a1b2c3d4e5f6002'] },
    at: '"subnet-01a1b2c3d4e5f6002"',
    message: 'subnet-01a1b2c3d4e5f6002 is a subnet of both sites',
  },
  'an active site that is none': {
    changes: { 'active/site': 'us-west-1' },
    at: '"site": "us-west-1"',
    message: 'no site is in us-west-1: did you mean "us-west-2"?',
  },
  'a freeze window that ends before it begins': {
    changes: { freeze: [{ reason: 'r', from: '2026-12-02T00:00:00Z', to: '2026-12-01T00:00:00Z' }] },
    at: '"to": "2026-12-01T00:00:00Z"',
    message: 'the window ends before it begins',
  },
  'a weekly window without length': {
    changes: { freeze: [{ reason: 'r', weekly: { from: 'MON:06:00', to: 'MON:06:00' } }] },
    at: '"to": "MON:06:00"',
    message: 'the window ends before it begins',
  },
  'an exception for a field that there is not': {
    changes: { ignore: [{ field: 'EnvironmentClas', reason: 'r' }] },
    at: '"field": "EnvironmentClas"',
    message: '"EnvironmentClas" is no field of an environment: did you mean "EnvironmentClass"?',
  },
  'healing of a field that there is not': {
    changes: { selfHeal: ['LoggingConfiguration.TaskLog.Enabled'] },
    at: '"LoggingConfiguration.TaskLog.Enabled"',
    message: 'did you mean "LoggingConfiguration.TaskLogs.Enabled"?',
  },
  'healing of what never changes': {
    changes: { selfHeal: ['MinWorkers', 'KmsKey'] },
    at: '"KmsKey"',
    message: 'KmsKey cannot heal',
  },
  'a field that is ignored and heals': {
    changes: { ignore: [{ field: 'Tags.*', reason: 'r' }], selfHeal: ['Tags.team'] },
    at: '"Tags.team"',
    message: 'Tags.team is to heal itself, and "ignore" leaves Tags.* as it is',
  },
  'two sources of requirements': {
    changes: { artifacts: { requirements: 'requirements.txt' }, 'mwaa/requirementsS3Path': 'requirements.txt' },
    at: '"requirementsS3Path"',
    message: 'requirementsS3Path and artifacts.requirements both say where requirements comes from',
  },
  'two sources of plugins, one at a site': {
    changes: { artifacts: { plugins: 'plugins' }, 'sites/1/mwaa/pluginsS3Path': 'plugins.zip' },
    at: '"pluginsS3Path"',
    message: 'pluginsS3Path and artifacts.plugins both say where plugins comes from',
  },
  'more tags than an environment can have': {
    changes: { 'sites/1/mwaa/tags': Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`t${n}`, 'x'])) },
    at: '"tags"',
    message: 'the environment in us-west-2 would have 51 tags',
  },
  'an option with the name of a credential': {
    changes: { 'mwaa/airflowConfigurationOptions/smtp.smtp_password': 'hunter2' },
    at: '"smtp.smtp_password"',
    message: 'the value of smtp.smtp_password looks like a credential',
  },
  'an address with a password': {
    changes: { 'sites/0/mwaa/airflowConfigurationOptions/celery.x': 'redis://u:hunter2@h/0' },
    at: '"celery.x"',
    message: 'the value of celery.x looks like a credential',
  },
  'a tag with a key of AWS': {
    changes: { 'mwaa/tags/note': 'AKIAIOSFODNN7EXAMPLE' },
    at: '"note"',
    message: 'the value of note looks like a credential',
  },
  'a password in the arguments of the secrets backend': {
    changes: { 'mwaa/airflowConfigurationOptions/secrets.backend_kwargs': '{"token": "hunter2"}' },
    at: '"secrets.backend_kwargs"',
    message: 'the value of secrets.backend_kwargs looks like a credential',
  },
};

describe('a deployment file is refused at the line, with its own way out, for', () => {
  test.each(Object.entries(RULES))('%s', (_, { changes, at, message }) => {
    const problems = problemsWith(changes);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: 'MDR-FILE-RULE' });
    expect(problems[0]?.line).toContain(at);
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.fix).toMatch(/^[A-Z].*\.$/);
  });

  test.each(['observe', 'standby-only', 'full'])(
    '"manage": "%s" without what an environment is made from',
    (manage) => {
      const without = { 'sites/1/mwaa/executionRoleArn': undefined, 'sites/0/mwaa/networkConfiguration': undefined };
      const messages = problemsWith({ manage, ...without }).map(({ message }) => message);
      expect(messages).toEqual(
        manage === 'observe'
          ? []
          : [
              expect.stringContaining('the site in us-east-1 has no networkConfiguration'),
              expect.stringContaining('the site in us-west-2 has no executionRoleArn'),
            ],
      );
    },
  );

  test('sites in one Region, and everything that follows from it', () => {
    const messages = problemsWith({ 'sites/1/region': 'us-east-1' }).map(({ message }) => message);
    expect(messages[0]).toBe(
      'both sites are in us-east-1: a deployment survives the loss of a Region only with its sites in two',
    );
  });

  test('Regions of another partition', () => {
    expect(problemsWith({ partition: 'aws-cn' }).map(({ message }) => message)).toEqual(
      expect.arrayContaining(['us-east-1 is not a Region of the partition aws-cn']),
    );
  });

  test.each(UNSUPPORTED.map(({ path, instead }) => [path.join('.'), path, instead] as const))(
    '%s other than what this release carries out',
    (name, path, instead) => {
      const other = OTHER_VALUES[name];
      const problems = problemsWith({ [path.join('/')]: other });
      expect(problems.map(({ message }) => message)).toEqual([
        `${name} is not carried out by this release: ${instead}`,
      ]);
      expect(problems[0]?.fix).toBe('Leave it away.');
    },
  );
});

/** A value that the schema takes and this release does not carry out, for each row of the table. */
const OTHER_VALUES: Json = {
  'restore.variables': 'merge',
  'restore.connections': 'keep',
  'restore.pools': 'merge',
  'restore.inFlight.default': 'hold',
  'restore.inFlight.dags': { 'etl_*': 'skip' },
  'restore.gap.default': 'trust-ledger',
  'restore.gap.dags': { 'etl_*': 'hold' },
  'siteLocal.variables': ['region_*'],
  'siteLocal.connections': ['local_*'],
  'siteLocal.pools': ['local'],
  'snapshot.excludeTables': ['log'],
  'snapshot.historyDays': 30,
  'snapshot.keepDays': 7,
  'hooks.beforeMove': ['drain.yml'],
  'hooks.afterMove': ['tell.yml'],
  'health.automaticFailover': true,
};

describe('a deployment file may', () => {
  test.each<[string, Json]>([
    ['ask for a switchover: the other site, since the same epoch', { 'active/site': 'us-west-2' }],
    ['have a standby that is larger', { 'sites/1/mwaa/environmentClass': 'mw1.large' }],
    [
      'be tiny',
      {
        'mwaa/environmentClass': 'mw1.micro',
        'mwaa/schedulers': 1,
        'mwaa/minWebservers': 1,
        'mwaa/maxWebservers': 1,
      },
    ],
    ['have no keys', { 'sites/0/mwaa/kmsKey': undefined, 'sites/1/mwaa/kmsKey': undefined }],
    ['freeze over the end of the week', { freeze: [{ reason: 'r', weekly: { from: 'FRI:18:00', to: 'MON:06:00' } }] }],
    ['ignore a part of what heals itself', { selfHeal: ['Tags.*'], ignore: [{ field: 'Tags.x', reason: 'r' }] }],
    ['ignore any option', { ignore: [{ field: 'AirflowConfigurationOptions.x.*', reason: 'r' }] }],
    ['ignore everything that is logged', { ignore: [{ field: 'Logging*', reason: 'r' }], selfHeal: [] }],
    ['say where a password is found', { 'mwaa/airflowConfigurationOptions/smtp.smtp_password_secret': 'smtp' }],
    [
      'say what only looks like a secret',
      {
        'mwaa/airflowConfigurationOptions/api_auth.jwt_expiration_time': '3600',
        'mwaa/airflowConfigurationOptions/api.auth_backends': 'a.b.c',
      },
    ],
    ['spell out what is carried out', { 'restore/gap/default': 'rerun', 'health/automaticFailover': false }],
  ])('%s', (_, changes) => {
    expect(problemsWith(changes)).toEqual([]);
  });
});
