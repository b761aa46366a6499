import { describe, expect, test } from '@jest/globals';
import { readDeployment } from '../../../action/src/domain/deployment-file.ts';
import { UNSUPPORTED } from '../../../action/src/domain/unsupported.ts';
import { edited, RULES, type Json } from './deployment-rule-cases.ts';

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
    [
      'name one class at each site',
      { 'sites/0/mwaa/environmentClass': 'mw1.large', 'sites/1/mwaa/environmentClass': 'mw1.large' },
    ],
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
    [
      'name addresses without credentials',
      {
        'mwaa/airflowConfigurationOptions/webserver.base_url': 'https://airflow.example.com/a/b',
        'mwaa/airflowConfigurationOptions/sentry.sentry_dsn_secret': 'sentry',
        'mwaa/airflowConfigurationOptions/x.proxy': 'http://proxy.example.com:8080/a@b',
        'mwaa/airflowConfigurationOptions/x.git': 'ssh://git@github.com/a/b.git',
        'mwaa/airflowConfigurationOptions/slack.webhook_conn_id': 'slack',
      },
    ],
    ['spell out what is carried out', { 'restore/gap/default': 'rerun', 'health/automaticFailover': false }],
  ])('%s, whichever site is active', (_, changes) => {
    expect(problemsWith(changes)).toEqual([]);
    expect(problemsWith({ ...changes, 'active/site': 'us-west-2', 'active/since': 1 })).toEqual([]);
  });
});
