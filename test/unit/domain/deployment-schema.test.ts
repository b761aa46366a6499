import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { default as addFormats } from 'ajv-formats';
import fc from 'fast-check';
import { deploymentSchema } from '../../../action/src/domain/deployment.ts';
import { ROOT } from '../../tools/paths.ts';
import { deploymentJsonSchema, generatedFiles } from '../../tools/schema.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

test.each(Object.entries(generatedFiles()))('%s is what the code says (npm run schema)', (path, text) => {
  expect(read(path)).toBe(text);
});

const ajv = addFormats.default(new Ajv({ strict: true }));
const byEditor = ajv.compile(deploymentJsonSchema);
const byUs = (file: Json) => deploymentSchema.safeParse(file).success;

const MODULE = { enabled: true, logLevel: 'INFO' };
const SETTINGS = {
  environmentClass: 'mw1.small',
  minWorkers: 1,
  maxWorkers: 50,
  schedulers: 2,
  minWebservers: 2,
  maxWebservers: 5,
  webserverAccessMode: 'PUBLIC_AND_PRIVATE',
  endpointManagement: 'CUSTOMER',
  weeklyMaintenanceWindowStart: 'SUN:03:30',
  airflowConfigurationOptions: { 'core.parallelism': '8' },
  loggingConfiguration: { dagProcessingLogs: MODULE, taskLogs: MODULE },
  tags: { team: 'a b' },
  requirementsS3Path: 'requirements.txt',
  pluginsS3Path: 'plugins.zip',
  startupScriptS3Path: 'startup.sh',
  workerReplacementStrategy: 'GRACEFUL',
};

const site = (region: string): Json => ({
  region,
  account: '111122223333',
  environment: 'e',
  dagsBucket: 'bucket',
  dagsPath: 'dags',
  mwaa: {
    tags: SETTINGS.tags,
    executionRoleArn: 'arn:aws:iam::111122223333:role/r',
    kmsKey: `arn:aws:kms:${region}:111122223333:key/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa`,
    networkConfiguration: { subnetIds: ['subnet-1', 'subnet-2'], securityGroupIds: ['sg-1'] },
  },
});

/** Says everything that a file can say. */
const FULL: Json = {
  $schema: './schema.json',
  deployment: 'full',
  strategy: 'warm-standby',
  manage: 'standby-only',
  airflowVersion: '3.3.1',
  partition: 'aws',
  sites: [site('us-east-1'), site('us-west-2')],
  mwaa: SETTINGS,
  active: { site: 'us-east-1', since: 4 },
  paused: { reason: 'r', until: '2026-12-24T18:00:00Z' },
  freeze: [
    { reason: 'r', from: '2026-12-24T18:00:00Z', to: '2026-12-25T18:00:00.5Z' },
    { reason: 'r', weekly: { from: 'FRI:18:01', to: 'MON:06:00' } },
  ],
  siteLocal: { airflowConfigurationOptions: ['a*'], tags: ['b'], variables: ['c'], connections: ['d'], pools: ['e'] },
  ignore: [{ field: 'MaxWorkers', reason: 'r', until: '2026-12-24T18:00:00Z' }],
  selfHeal: ['Tags.*'],
  artifacts: { dags: 'd', plugins: 'p', requirements: 'r', startupScript: 's', replicationSeconds: 0 },
  plan: { showOptions: ['core.*'] },
  restore: {
    variables: 'merge',
    connections: 'keep',
    pools: 'replace',
    inFlight: { default: 'fail', dags: { 'a*': 'skip' } },
    gap: { default: 'trust-ledger', dags: { b: 'hold' } },
  },
  hooks: { beforeMove: ['a.yml'], afterMove: ['b.yml'] },
  objectives: { rpoSeconds: 900, rtoSeconds: 900 },
  snapshot: { everySeconds: 600, excludeTables: ['log'], historyDays: 30, keepDays: 7 },
  canary: { everySeconds: 120 },
  health: {
    periodSeconds: 300,
    badPeriods: 2,
    extraMetrics: [
      { namespace: 'a', name: 'b', dimensions: { c: 'd' }, statistic: 'Maximum', badWhen: { lessThan: 1 } },
      { namespace: 'a', name: 'b', badWhen: { greaterThan: 0.5 } },
    ],
    automaticFailover: false,
  },
  lease: { seconds: 60 },
};

const isOpen = (value: Json): value is Extract<Json, object> => typeof value === 'object' && value !== null;

/** Every path of the file, from the root. */
const pathsOf = (value: Json, path: readonly string[] = []): readonly (readonly string[])[] => [
  path,
  ...(isOpen(value) ? Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key])) : []),
];

/** The file with the value at a path put through `change`; `undefined` = left away. */
function changed(
  value: Json,
  [key, ...rest]: readonly string[],
  change: (old: Json) => Json | undefined,
): Json | undefined {
  if (key === undefined || !isOpen(value)) return change(value);
  const entries = Object.entries(value).flatMap(([name, inner]) => {
    const next = name === key ? changed(inner, rest, change) : inner;
    return next === undefined ? [] : [[name, next] as const];
  });
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

const VALUES: readonly Json[] = [
  ...[null, true, -1, 0, 1.5, 51, 1e21, '', ' ', 'x', 'x\n', '*', '/', 'a/', 'é', 'us-east-1', 'GRACEFUL', [], {}],
  ...['2026-02-30T00:00:00Z', '2026-12-24T18:00Z', '2026-12-24T18:00:00+01:00', 'FRI:24:00', 'aws:x', '111122223333'],
  ...['a'.repeat(65), 'a'.repeat(251), 'a'.repeat(501), 'arn:aws:iam::1:role/r'],
];

/** Every way to break the value at a path once. */
const EDITS: readonly ((old: Json) => Json | undefined)[] = [
  () => undefined,
  ...VALUES.map((value) => () => value),
  ...VALUES.filter((value) => typeof value === 'string')
    .filter((text) => text !== '')
    .map((key) => (old: Json) => {
      if (typeof old === 'string') return old + key;
      if (!isOpen(old)) return old;
      return Array.isArray(old) ? [...old, ...old.slice(0, 1)] : { ...old, [key]: Object.values(old)[0] ?? 'x' };
    }),
];

/** The least that a file must say, and one section of the full one. */
const sections = Object.entries(FULL as Record<string, Json>).map(([key, value]) => {
  const bare = ({ mwaa: _, ...rest }: Record<string, Json>): Json => rest;
  const [one, other] = (FULL as { sites: Record<string, Json>[] }).sites.map(bare) as [Json, Json];
  const least = { deployment: 'd', strategy: 'warm-standby', airflowVersion: '3.3.1', sites: [one, other] };
  const isSites = key === 'sites' && Array.isArray(value);
  return [key, { ...least, [key]: isSites ? [value[0] ?? null, other] : value }] as const;
});

test.each(sections)('an editor and the action agree about %s, whatever stands there', (key, file) => {
  const verdicts = new Set([byUs(file)]);
  expect(byUs(file)).toBe(true);
  for (const path of pathsOf(file).filter(([first]) => first === key)) {
    for (const edit of EDITS) {
      const broken = changed(file, path, edit) ?? {};
      const ours = byUs(broken);
      verdicts.add(ours);
      if (byEditor(broken) !== ours) throw new Error(`the action says ${String(ours)} to ${JSON.stringify(broken)}`);
    }
  }
  expect(verdicts).toEqual(new Set([true, false]));
});

const anyFile = fc
  .array(fc.tuple(fc.constantFrom(...pathsOf(FULL)), fc.constantFrom(...EDITS)), { maxLength: 3 })
  .map((edits) => edits.reduce<Json>((file, [path, edit]) => changed(file, path, edit) ?? {}, FULL));

test('an editor and the action agree about whole files, but for rules across fields and keys that stand twice', () => {
  fc.assert(
    fc.property(anyFile, (file) => {
      expect(byEditor(file)).toBe(byUs(file));
    }),
  );
});

test('an editor takes the examples', () => {
  for (const name of ['example', 'example-archive']) {
    expect(byEditor(JSON.parse(read(`environments/${name}.json`)))).toBe(true);
  }
});

test('everything that a file can say has a description', () => {
  const page = read('docs/deployment-file.md');
  const rows = page
    .slice(page.indexOf('<!-- fields -->'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(80);
  expect(rows.filter((row) => /\| +\|$/.test(row))).toEqual([]);
});
