import { readFileSync } from 'node:fs';

const EXAMPLE = readFileSync(new URL('../../../environments/example.json', import.meta.url), 'utf8');

export type Json = Readonly<Record<string, unknown>>;

/** The example with the value at each path (keys joined by /) replaced; `undefined` = left away. */
export function edited(changes: Json): string {
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

const arn = (partition: string, region: string, account: string) =>
  `arn:${partition}:kms:${region}:${account}:key/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa`;

/** A file that breaks one rule across fields. */
interface Case {
  readonly changes: Json;
  /** Part of the line of the file at which the problem is reported. */
  readonly at: string;
  readonly message: string;
}

/** One row at least for every rule. */
export const RULES: Readonly<Record<string, Case>> = {
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
  'a second site that is smaller': {
    changes: { 'sites/1/mwaa/environmentClass': 'mw1.small' },
    at: '"environmentClass": "mw1.small"',
    message: 'the site in us-west-2 is mw1.small, the one in us-east-1 mw1.medium',
  },
  'a first site that is smaller': {
    changes: { 'sites/0/mwaa/environmentClass': 'mw1.small' },
    at: '"environmentClass": "mw1.small"',
    message: 'the site in us-east-1 is mw1.small, the one in us-west-2 mw1.medium',
  },
  'a site that is larger than what both are told': {
    changes: { 'sites/0/mwaa/environmentClass': 'mw1.large' },
    at: '"environmentClass": "mw1.medium"',
    message: 'the site in us-west-2 is mw1.medium, the one in us-east-1 mw1.large',
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
  'an address with a password that has a slash in it': {
    changes: { 'mwaa/airflowConfigurationOptions/celery.x': 'postgresql://u:hunt/er2@h/db' },
    at: '"celery.x"',
    message: 'the value of celery.x looks like a credential',
  },
  'an address of Sentry with its key': {
    changes: { 'mwaa/airflowConfigurationOptions/x.errors': 'https://0123456789abcdef@o1.ingest.sentry.io/1' },
    at: '"x.errors"',
    message: 'the value of x.errors looks like a credential',
  },
  'the option that holds an address of Sentry': {
    changes: { 'mwaa/airflowConfigurationOptions/sentry.sentry_dsn': 'https://key@o1.ingest.sentry.io/1' },
    at: '"sentry.sentry_dsn"',
    message: 'the value of sentry.sentry_dsn looks like a credential',
  },
  'an address that Slack takes messages at': {
    changes: { 'mwaa/tags/alarms': 'https://hooks.slack.com/services/T0/B0/abcdef' },
    at: '"alarms"',
    message: 'the value of alarms looks like a credential',
  },
  'an option with the name of a webhook': {
    changes: { 'mwaa/airflowConfigurationOptions/notify.slack_webhook_url': 'https://chat.example.com/x' },
    at: '"notify.slack_webhook_url"',
    message: 'the value of notify.slack_webhook_url looks like a credential',
  },
  'an address with a token behind the question mark': {
    changes: { 'mwaa/airflowConfigurationOptions/x.endpoint': 'https://h.example.com/x?a=1&sig=abc' },
    at: '"x.endpoint"',
    message: 'the value of x.endpoint looks like a credential',
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
