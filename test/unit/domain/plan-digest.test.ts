import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { ArtifactPlan, Pins } from '../../../action/src/domain/artifact-plan.ts';
import { canonicalJson } from '../../../action/src/domain/envelope.ts';
import { planSchema } from '../../../action/src/domain/plan-model.ts';
import { movedSince, planOf, withVersions } from '../../../action/src/domain/planner.ts';
import { RELEASE } from '../../../action/src/domain/release.ts';
import { deploymentWith, environment, planned, recordOf, rowOf, NOW } from './plan-cases.ts';
import type { Case, File } from './plan-cases.ts';

const digest = (of: Case) => planned(of).plan.digest;
const moved = (before: Case, now: Case) => movedSince(planned(before).fingerprints, planned(now).fingerprints);
const UNTIL_DECEMBER = { field: 'MinWorkers', reason: 'month end', until: '2026-12-05T00:00:00Z' };
const DECEMBER = Date.parse('2026-12-06T00:00:00Z');
const NO_WORK: ArtifactPlan = {
  bundle: 'b'.repeat(64),
  rows: [],
  others: [],
  pins: [{}, {}],
  before: [[], []],
  after: [[], []],
};
const PASSWORD = 'AirflowConfigurationOptions.smtp.smtp_password';

test('canonical JSON does not know the order of keys', () => {
  expect(canonicalJson({ b: [{ y: 1, x: 2 }], a: null })).toBe(canonicalJson({ a: null, b: [{ x: 2, y: 1 }] }));
  expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] }));
});

test('a plan is what its schema says', () => {
  const { plan } = planned({ east: { [PASSWORD]: 'x' }, west: { MaxWorkers: 3 } });
  expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
});

test('the release is that of the package', () => {
  const path = new URL('../../../package.json', import.meta.url);
  expect((JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version).toBe(RELEASE);
});

describe('a digest stays', () => {
  const before = digest({ west: { MaxWorkers: 3 } });

  test('as time goes by and as the order of keys changes', () => {
    expect(digest({ west: { MaxWorkers: 3 }, at: NOW + 86_400_000 })).toBe(before);
    const west = environment(deploymentWith(), 1, { MaxWorkers: 3 });
    const turned = { ...west, settings: Object.fromEntries(Object.entries(west.settings).toReversed()) };
    expect(digest({ west: turned })).toBe(before);
  });

  test('as the environment passes through its states', () => {
    const west = {
      ...environment(deploymentWith(), 1, { MaxWorkers: 3 }),
      status: 'MAINTENANCE',
      lastUpdate: undefined,
    };
    expect(digest({ west })).toBe(before);
  });

  test('as a window or a pause begins and ends: it says when, and never what', () => {
    const deployment = deploymentWith((file) => {
      file['paused'] = { reason: 'x', until: '2026-12-01T00:00:00Z' };
      file['freeze'] = [{ from: '2026-12-20T00:00:00Z', to: '2027-01-02T00:00:00Z', reason: 'year end' }];
    });
    const at = (time: string) => digest({ deployment, west: { MaxWorkers: 3 }, at: Date.parse(time) });
    for (const time of ['2026-11-24', '2026-12-10', '2026-12-24', '2027-01-03'])
      expect(at(`${time}T00:00:00Z`)).toBe(before);
  });

  test('as an exception ends that excused nothing', () => {
    const deployment = deploymentWith((file) => (file['ignore'] = [UNTIL_DECEMBER]));
    const of = (at: number) => digest({ deployment, west: { MaxWorkers: 3 }, at });
    expect(of(DECEMBER)).toBe(of(NOW));
  });

  test('as files come and go that others keep in the DAGs buckets', () => {
    const rows: ArtifactPlan['rows'] = [{ path: 'dags/a.py', verdict: 'changed', consequence: '' }];
    const theirs = (['foreign', 'missing at the standby', 'differs at the standby'] as const).map((verdict) =>
      digest({
        artifacts: {
          ...NO_WORK,
          rows: [...rows, { path: 'dags/b.py', verdict, consequence: 'x' }],
          others: ['dags/b.py'],
        },
      }),
    );
    expect(new Set([...theirs, digest({ artifacts: { ...NO_WORK, rows } })]).size).toBe(1);
  });
});

describe('a digest moves, and what moved is named', () => {
  const edited = (edit: (file: File) => unknown): Case => ({ deployment: deploymentWith(edit) });
  const at = (strategy: string): Case => ({
    ...edited((file) => {
      const [{ mwaa }] = file['sites'] as [{ mwaa: File }];
      mwaa['workerReplacementStrategy'] = strategy;
    }),
    east: { MaxWorkers: 3 },
  });
  const cases: [string, Case, Case, readonly string[]][] = [
    ['somebody edits the standby', {}, { west: { MaxWorkers: 3 } }, ['MaxWorkers']],
    ['somebody edits both sites alike', {}, { east: { Schedulers: 3 }, west: { Schedulers: 3 } }, ['Schedulers']],
    [
      'Git wants something else',
      {},
      edited((file) => (file['mwaa'] = { environmentClass: 'mw1.small', minWorkers: 1, maxWorkers: 7 })),
      ['MaxWorkers', 'the deployment file'],
    ],
    ['other rights', {}, edited((file) => (file['manage'] = 'standby-only')), ['manage, ignore or siteLocal']],
    ['a failover', { epoch: 0 }, { epoch: 1 }, ['who is active']],
    ['an environment that is gone', {}, { west: { status: 'missing' } }, ['which environments exist']],
    [
      'the file names another environment, of the same settings',
      {},
      edited((file) => (((file['sites'] as File[])[1] ?? {})['environment'] = 'example-2')),
      ['names, accounts or Regions of the environments'],
    ],
    [
      'an exception ends that excused a difference',
      { ...edited((file) => (file['ignore'] = [UNTIL_DECEMBER])), east: { MinWorkers: 4 } },
      { ...edited((file) => (file['ignore'] = [UNTIL_DECEMBER])), east: { MinWorkers: 4 }, at: DECEMBER },
      ['MinWorkers'],
    ],
    ['one site replaces its workers in another way', at('GRACEFUL'), at('FORCED'), ['the deployment file']],
    [
      'a file of ours leaves the standby',
      { artifacts: { ...NO_WORK, rows: [{ path: 'dags/a.py', verdict: 'in sync', consequence: '' }] } },
      { artifacts: { ...NO_WORK, rows: [{ path: 'dags/a.py', verdict: 'missing at the standby', consequence: '' }] } },
      ['the artifacts'],
    ],
    [
      'a secret that was the same and is no more',
      { east: { [PASSWORD]: 'a' }, west: { [PASSWORD]: 'a' } },
      { east: { [PASSWORD]: 'a' }, west: { [PASSWORD]: 'b' } },
      [PASSWORD],
    ],
  ];

  test.each(cases)('%s', (_, before, now, names) => {
    expect(digest(now)).not.toBe(digest(before));
    expect(moved(before, now)).toEqual(expect.arrayContaining([...names]));
    expect(moved(now, now)).toEqual([]);
  });

  test('another release of the action', () => {
    const deployment = deploymentWith();
    const of = (tool: string) =>
      planOf({
        deployment,
        file: 'f',
        at: NOW,
        tool,
        record: recordOf(deployment, 0),
        observed: [environment(deployment, 0), environment(deployment, 1)],
        artifacts: undefined,
      });
    expect(of('0.1.0').plan.digest).not.toBe(of('0.2.0').plan.digest);
    expect(movedSince(of('0.1.0').fingerprints, of('0.2.0').fingerprints)).toEqual(['the release of the action']);
  });
});

test('a secret that is not in Git cannot be guessed from the digest: only its sameness is in it', () => {
  const with_ = (secret: string): Case => ({ east: { [PASSWORD]: secret }, west: { MaxWorkers: 3 } });
  expect(digest(with_('hunter2'))).toBe(digest(with_('letmein')));
  expect(planned(with_('hunter2')).fingerprints).toEqual(planned(with_('letmein')).fingerprints);
});

describe('a hidden value', () => {
  const option = (name: string) => `AirflowConfigurationOptions.${name}`;
  const hiddenNotices = (of: Case) => planned(of).plan.notices.filter((text) => text.includes('hidden'));
  const saying = (value: string) =>
    deploymentWith((file) =>
      Object.assign(file['mwaa'] as File, { airflowConfigurationOptions: { 'smtp.smtp_host': value } }),
    );
  const HOST = option('smtp.smtp_host');

  test('that Git does not say and that would be copied to the standby is said to be outside of the review', () => {
    expect(hiddenNotices({ east: { [PASSWORD]: 'a' } })).toEqual([
      `No hidden value that only AWS has is part of the review: 1 field would be copied to the standby as it is when reconcile runs (\`${PASSWORD}\`).`,
    ]);
    const standby = hiddenNotices({ west: { status: 'missing' }, east: { [PASSWORD]: 'a' } });
    expect(standby).toEqual([expect.stringContaining('1 field would be copied to the standby')]);
  });

  test('that would be overwritten is said to be outside of the review', () => {
    const deployment = saying('git.example.com');
    expect(hiddenNotices({ deployment, east: { [HOST]: 'one' }, west: { [HOST]: 'two' } })).toEqual([
      expect.stringContaining(`of the review: 1 field would be overwritten whatever it holds then (\`${HOST}\`)`),
    ]);
    expect(hiddenNotices({ west: { [PASSWORD]: 'a' } })).toEqual([
      expect.stringContaining('1 field would be overwritten'),
    ]);
  });

  test('that Git alone says, or that nothing is done about, needs no such words', () => {
    const deployment = saying('git.example.com');
    expect(hiddenNotices({ deployment, east: { [HOST]: undefined }, west: { [HOST]: undefined } })).toEqual([]);
    expect(hiddenNotices({ east: { [PASSWORD]: 'a' }, west: { [PASSWORD]: 'a', MaxWorkers: 3 } })).toEqual([]);
  });

  test.each([
    ['Tags.db-password', 'hunter2-prod'],
    ['Tags.DbPassword', 'hunter2-prod'],
    ['Tags.app:api-key', 'hunter2-prod'],
    ['Tags.source', 'https://me:hunter2-prod@example.com/x'],
    ['AirflowConfigurationOptions.core.parallelism', 'postgresql://me:hunter2-prod@db/x'],
  ])('is also one that looks like a credential: %s', (field, secret) => {
    const work = planned({ east: { [field]: secret }, west: { [field]: 'x' } });
    expect(rowOf(work, field)).toMatchObject({ active: { hidden: 'A' }, standby: { hidden: 'B' } });
    expect(JSON.stringify([work.plan, work.fingerprints])).not.toContain('hunter2');
  });

  test('is no tag or setting whose name only ends alike', () => {
    const work = planned({ east: { 'Tags.team': 'tokens', 'Tags.Monkey': 'x' } });
    expect([rowOf(work, 'Tags.team').active, rowOf(work, 'Tags.Monkey').active]).toEqual([
      { text: 'tokens' },
      { text: 'x' },
    ]);
  });

  test('is shown by letters, in the order Git, active, standby', () => {
    const deployment = deploymentWith((file) =>
      Object.assign(file['mwaa'] as File, { airflowConfigurationOptions: { 'core.sql': 'a' } }),
    );
    const work = planned({ deployment, east: { [option('core.sql')]: 'b' }, west: { [option('core.sql')]: 'a' } });
    expect(rowOf(work, option('core.sql'))).toMatchObject({
      git: { active: { hidden: 'A' }, standby: { hidden: 'A' } },
      active: { hidden: 'B' },
      standby: { hidden: 'A' },
    });
  });

  test('is every option but harmless ones and those that the file names', () => {
    const deployment = deploymentWith((file) => (file['plan'] = { showOptions: ['email.*'] }));
    const names = [
      'core.parallelism',
      'core.fernet_key',
      'email.from_email',
      'logging.logging_level',
      'secrets.backend_kwargs',
    ];
    const work = planned({ deployment, east: Object.fromEntries(names.map((name) => [option(name), 'v'])) });
    expect(names.filter((name) => 'text' in (rowOf(work, option(name)).active ?? {}))).toEqual([
      'core.parallelism',
      'email.from_email',
      'logging.logging_level',
    ]);
  });
});

describe('a pinned artifact', () => {
  const sha256 = createHash('sha256').update('requirements').digest('hex');
  const pin = (version: string | undefined): Pins => ({ requirements: { key: 'req.txt', sha256, version } });
  const artifacts = (versions: readonly [string | undefined, string | undefined]): ArtifactPlan => ({
    bundle: 'b'.repeat(64),
    rows: [],
    others: [],
    pins: [pin(versions[0]), pin(versions[1])],
    before: [[], []],
    after: [[], []],
  });
  const before: Case = { artifacts: artifacts([undefined, undefined]) };
  const uploaded: Case = { artifacts: artifacts(['v1', 'v2']) };

  test('is shown by its content', () => {
    expect(rowOf(planned(before), 'RequirementsS3ObjectVersion')).toMatchObject({
      git: { active: { text: `sha256 ${sha256.slice(0, 12)}` } },
      active: null,
      verdict: 'drift',
      changes: ['active', 'standby'],
    });
  });

  test('makes the same plan before and after its upload', () => {
    expect(digest(uploaded)).toBe(digest(before));
    expect(planned(uploaded).plan.digest).not.toBe(digest({}));
  });

  test('goes into the update with its path and the version of its own site', () => {
    const [standby, active] = planned(uploaded).sites;
    expect(standby.steps).toMatchObject([
      { members: { RequirementsS3Path: 'req.txt', RequirementsS3ObjectVersion: 'v2' } },
    ]);
    expect(active.steps).toMatchObject([
      { members: { RequirementsS3Path: 'req.txt', RequirementsS3ObjectVersion: 'v1' } },
    ]);
  });

  test('gets its version after the upload, and is never sent without', () => {
    const [standby] = planned(before).sites;
    expect(withVersions(standby, pin('v9')).steps).toMatchObject([{ members: { RequirementsS3ObjectVersion: 'v9' } }]);
    expect(() => withVersions(standby, pin(undefined))).toThrow('not uploaded');
  });

  test('that both environments read is in sync, whatever its version is called there', () => {
    const at = (version: string) => ({ RequirementsS3Path: 'req.txt', RequirementsS3ObjectVersion: version });
    const work = planned({ ...uploaded, east: at('v1'), west: at('v2') });
    expect(work.plan.outcome).toBe('in sync');
    expect(rowOf(work, 'RequirementsS3ObjectVersion').verdict).toBe('in sync');
  });
});
