import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { format } from 'prettier';
import { parseDeployment, readDeployment } from '../../../action/src/domain/deployment-file.ts';
import { MdrError } from '../../../action/src/domain/errors.ts';
import { importDeployment } from '../../../action/src/domain/import.ts';
import type { Import } from '../../../action/src/domain/import.ts';
import { observationOf } from '../../../action/src/domain/observed.ts';
import { planOf } from '../../../action/src/domain/planner.ts';
import { importEnvironments } from '../../../action/src/operations/import.ts';
import { controlPlaneOf, describeIn } from '../../doubles/memory-mwaa.ts';
import { VirtualClock } from '../../doubles/virtual-clock.ts';

const NOW = '2026-11-24T10:00:00Z';
const REGIONS = ['us-east-1', 'us-west-2'] as const;
const NAMES = ['orders-east', 'orders-west'] as const;
type Members = Readonly<Record<string, unknown>>;

/** An environment as somebody made it by hand, years ago. */
const made = (index: 0 | 1, members: Members = {}): Members => ({
  ExecutionRoleArn: `arn:aws:iam::111122223333:role/orders-${index}`,
  SourceBucketArn: `arn:aws:s3:::orders-dags-${REGIONS[index]}`,
  DagS3Path: 'dags',
  NetworkConfiguration: { SubnetIds: [`subnet-${index}b`, `subnet-${index}a`], SecurityGroupIds: [`sg-${index}`] },
  AirflowVersion: '2.10.3',
  ...members,
});

/** The two Regions with what was made in them; `undefined` = nothing. */
function world(sites: readonly [Members | undefined, Members | undefined]) {
  const planes = REGIONS.map((region, index) => {
    const plane = controlPlaneOf(new VirtualClock(NOW), region, '111122223333');
    const members = sites[index];
    if (members === undefined) return plane;
    plane.createEnvironment({ ...members, Name: NAMES[index] ?? '' });
    plane.setStatus(NAMES[index] ?? '', 'AVAILABLE');
    return plane;
  });
  const found = (index: number) => {
    const plane = planes[index];
    return plane === undefined ? undefined : describeIn(plane, NAMES[index] ?? '');
  };
  const imported = (): Import =>
    importDeployment('orders', [
      { region: REGIONS[0], environment: NAMES[0], raw: found(0)?.raw },
      { region: REGIONS[1], environment: NAMES[1], raw: found(1)?.raw },
    ]);
  const plan = (text: string) =>
    planOf({
      deployment: parseDeployment(text, 'environments/orders.json'),
      file: 'environments/orders.json',
      at: Date.parse(NOW),
      tool: '0.1.0',
      record: undefined,
      observed: [observationOf(found(0)), observationOf(found(1))],
      artifacts: undefined,
    }).plan;
  return { found, imported, plan };
}

const SETTLED: readonly string[] = ['in sync', 'site-local', 'ignored'];
const settled = (text: string, plan: ReturnType<typeof world>['plan']) =>
  plan(text).fields.filter(({ verdict }) => !SETTLED.includes(verdict));

describe('the file of environments that were made by hand', () => {
  test('observes, and says once what both are', () => {
    const both = { EnvironmentClass: 'mw1.medium', MaxWorkers: 7, Tags: { team: 'orders' } };
    const { imported } = world([
      made(0, { ...both, AirflowConfigurationOptions: { 'core.parallelism': '64', 'core.load_examples': 'False' } }),
      made(1, { ...both, AirflowConfigurationOptions: { 'core.parallelism': '32', 'core.load_examples': 'False' } }),
    ]);
    const { text, notes } = imported();
    expect(JSON.parse(text)).toMatchObject({
      $schema: './schema.json',
      deployment: 'orders',
      strategy: 'warm-standby',
      manage: 'observe',
      airflowVersion: '2.10.3',
      sites: [
        {
          region: 'us-east-1',
          account: '111122223333',
          environment: 'orders-east',
          dagsBucket: 'orders-dags-us-east-1',
          dagsPath: 'dags',
          mwaa: { airflowConfigurationOptions: { 'core.parallelism': '64' } },
        },
        { mwaa: { airflowConfigurationOptions: { 'core.parallelism': '32' } } },
      ],
      mwaa: {
        environmentClass: 'mw1.medium',
        maxWorkers: 7,
        airflowConfigurationOptions: { 'core.load_examples': 'False' },
        tags: { team: 'orders' },
      },
    });
    expect(notes).toContain(
      'airflowConfigurationOptions differs between the sites and is written for each: decide whether it should.',
    );
  });

  test('holds no credential: what looks like one is left alone by name', () => {
    const secret = { 'smtp.smtp_password': 'hunter2', 'celery.x': 'redis://u:hunter3@h', 'core.parallelism': '8' };
    const sites = [
      made(0, { AirflowConfigurationOptions: secret }),
      made(1, { AirflowConfigurationOptions: secret }),
    ] as const;
    const { imported, plan } = world(sites);
    const { text, notes } = imported();
    expect(text + notes.join('\n')).not.toContain('hunter');
    const { ignore } = JSON.parse(text) as { ignore: readonly { field: string; reason: string }[] };
    expect(ignore.map(({ field }) => field)).toEqual([
      'AirflowConfigurationOptions.smtp.smtp_password',
      'AirflowConfigurationOptions.celery.x',
    ]);
    expect(settled(text, plan)).toEqual([]);
  });

  test.each([
    ['sentry.sentry_dsn', 'https://abc@o1.ingest.sentry.io/1'],
    ['x.endpoint_url', 'https://user@h.example.com/x'],
    ['x.callback_url', 'https://h.example.com/x?a=b'],
    ['x.webhooks', 'https://chat.example.com/x#abc'],
    ['x.anything', 'aB3dE5fG7hI9jK1lM3nO5p'],
    ['x.anything', '0123456789abcdef0123456789abcdef'],
  ])('does not write %s = %s either, which may be one', (option, value) => {
    const options = { AirflowConfigurationOptions: { [option]: value } };
    const { imported, plan } = world([made(0, options), made(1, options)]);
    const { text, notes } = imported();
    expect(text + notes.join('\n')).not.toContain(value);
    expect(settled(text, plan)).toEqual([]);
  });

  test.each([
    ['webserver.base_url', 'https://airflow.example.com:8443/a'],
    ['secrets.backend', 'airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend'],
    ['x.key', 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
    ['x.subnet', 'subnet-01a1b2c3d4e5f6001'],
    ['x.scheduler_health_check_threshold', '30'],
  ])('writes %s = %s, which is none', (option, value) => {
    const { imported } = world([made(0, { AirflowConfigurationOptions: { [option]: value } }), made(1)]);
    expect(imported().text).toContain(value);
  });

  test('names no key that a file cannot name, at neither site', () => {
    const { imported, plan } = world([made(0, { KmsKey: '11111111-2222-4333-8444-555555555555' }), made(1)]);
    const { text } = imported();
    expect(text).not.toContain('kmsKey');
    expect(settled(text, plan)).toEqual([]);
  });

  test('of one environment is a backup and restore whose other site is a proposal', () => {
    const { imported, plan } = world([made(0, { MaxWorkers: 7 }), undefined]);
    const { text, notes } = imported();
    expect(JSON.parse(text)).toMatchObject({
      strategy: 'backup-restore',
      sites: [{}, { account: '111122223333', environment: 'orders-west', dagsBucket: 'orders-dags-us-west-2' }],
      mwaa: { maxWorkers: 7 },
    });
    expect(notes[0]).toMatch(/^There is no environment orders-west in us-west-2/);
    expect(plan(text).sites.flatMap(({ changes }) => changes)).toEqual([]);
  });

  test('says which line has to be corrected when what exists cannot be protected', () => {
    const { text, notes } = world([made(0, { EnvironmentClass: 'mw1.large' }), made(1)]).imported();
    expect(readDeployment(text)).toMatchObject({ code: 'MDR-FILE-RULE' });
    expect(notes).toContainEqual(expect.stringMatching(/^Line \d+ has to be corrected .*the site in us-west-2 is/));
  });

  test('is refused for a version that cannot be restored', () => {
    expect(world([made(0, { AirflowVersion: '2.9.2' }), made(1)]).imported).toThrow('this release cannot restore it');
  });
});

const text = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const options = fc.dictionary(
  fc.tuple(fc.constantFrom('core', 'celery', 'smtp'), text).map((parts) => parts.join('.')),
  fc.stringMatching(/^[ -~]{1,20}$/),
  { maxKeys: 4 },
);
const log = fc.record({ Enabled: fc.boolean(), LogLevel: fc.constantFrom('INFO', 'DEBUG', 'ERROR') });
const anyMembers = fc.record(
  {
    AirflowConfigurationOptions: options,
    Tags: fc.dictionary(text, text, { minKeys: 1, maxKeys: 4 }),
    LoggingConfiguration: fc.record({ TaskLogs: log, SchedulerLogs: log }),
    MinWorkers: fc.integer({ min: 1, max: 5 }),
    MaxWorkers: fc.integer({ min: 5, max: 25 }),
    Schedulers: fc.integer({ min: 2, max: 5 }),
    WebserverAccessMode: fc.constantFrom('PRIVATE_ONLY', 'PUBLIC_ONLY'),
    WeeklyMaintenanceWindowStart: fc.constantFrom('SUN:03:30', 'MON:00:00'),
    DagS3Path: fc.constantFrom('dags', 'a/b', 'dags/'),
  },
  { requiredKeys: [] },
);

test('whatever two environments are, the plan of their file is empty, and the formatter leaves the file as it is', async () => {
  await fc.assert(
    fc.asyncProperty(anyMembers, anyMembers, async (east, west) => {
      const { imported, plan } = world([made(0, east), made(1, west)]);
      const file = imported().text;
      const planned = plan(file);
      expect(planned.fields.filter(({ verdict }) => !SETTLED.includes(verdict))).toEqual([]);
      expect(planned).toMatchObject({ outcome: 'in sync', sites: [{ changes: [] }, { changes: [] }] });
      expect(await format(file, { parser: 'json', printWidth: 120 })).toBe(file);
    }),
    { numRuns: 40 },
  );
});

describe('import', () => {
  const ports = world([made(0), undefined]);
  const asked: string[] = [];
  const region = (name: string) => ({
    environments: {
      describe: (environment: string) => {
        asked.push(`${name}/${environment}`);
        return Promise.resolve(name === 'us-east-1' ? ports.found(0) : undefined);
      },
    },
  });
  // The operation asks for nothing else.
  const importing = (sites: string) => importEnvironments({ region } as never, { deployment: 'orders', sites });

  test('asks each Region once, in the order of the sites', async () => {
    const { text: file } = await importing('us-east-1/orders-east, us-west-2/orders-west');
    expect(asked).toEqual(['us-east-1/orders-east', 'us-west-2/orders-west']);
    expect(parseDeployment(file, 'f').sites.map((site) => site.region)).toEqual(REGIONS);
  });

  test.each(['', 'us-east-1/a', 'us-east-1/a us-east-1/b', 'us-east-1:a us-west-2:b', 'us-east-1/a b/c us-west-2/d'])(
    'of "%s" is refused',
    async (sites) => {
      await expect(importing(sites)).rejects.toMatchObject({ code: 'MDR-INPUT-INVALID' });
    },
  );

  test('of environments that are not there is refused', async () => {
    const error: unknown = await importing('eu-west-1/a us-west-2/b').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MdrError);
    expect(error).toMatchObject({
      code: 'MDR-IMPORT',
      message: 'there is no environment a in eu-west-1, and none b in us-west-2',
    });
  });
});
