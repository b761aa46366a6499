import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { MEMBERS } from '../../action/src/domain/members.ts';
import type { Plan } from '../../action/src/domain/plan-model.ts';
import { REGIONS } from '../sandbox/topology.ts';
import type { Region } from '../sandbox/types.ts';
import { Bed, EAST, WEST, type Repository } from './gitops-bed.ts';
import { CHANGES, differences, fieldsOf, oneByOne } from './gitops-changes.ts';

jest.setTimeout(60_000);

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
}, 120_000);
afterAll(() => bed.stop(), 30_000);

/** One deployment, from its first day on: each test goes on from where the one before it ended. */
let shop: Repository;

describe('A file whose environments are not there', () => {
  test('is planned, made by the digest of its plan, and then in sync', async () => {
    shop = await bed.repository('shop');
    const { plan, run } = await shop.plan();
    expect([run.code, plan.outcome]).toEqual([0, 'changes']);
    expect(run.summary).toContain(
      'a new environment at us-west-2 (standby), then a new environment at us-east-1 (active)',
    );
    const before = bed.mark();
    const made = await shop.run('reconcile', { digest: plan.digest });
    expect(made.summary).toMatch(/^### ✅ shop is as Git says, at both sites/);
    expect([made.code, made.outputs['outcome']]).toEqual([0, 'applied']);
    const asked = bed.changesSince(before).filter((line) => line.endsWith('Environment'));
    expect(asked).toEqual([`${WEST} CreateEnvironment`, `${EAST} CreateEnvironment`]);
    expect((await shop.plan()).plan.outcome).toBe('in sync');
    expect(differences(shop)).toEqual([]);
    bed.beat('shop');
  });

  test('asks for no change when it is reconciled again', async () => {
    const before = bed.mark();
    const again = await shop.run('reconcile');
    expect([again.code, again.outputs['outcome']]).toEqual([0, 'in sync']);
    expect(bed.changesSince(before)).toEqual([]);
  });
});

/** Members that the file says by another name than its own. */
const MEMBER_OF: Readonly<Record<string, string>> = {
  dagsBucket: 'SourceBucketArn',
  dagsPath: 'DagS3Path',
  networkConfiguration: 'NetworkConfiguration.SecurityGroupIds',
};
const memberOfKey = (key: string) => MEMBERS.find(({ file }) => file === key)?.api;

test('there is a change for every member that can be changed', () => {
  const updatable = MEMBERS.filter(({ changedBy }) => changedBy !== 'nothing').map(({ api }) => api);
  expect(new Set(CHANGES.flatMap(({ members }) => members))).toEqual(new Set(updatable));
});

test('every key of the file that changes alone is planned alone, at both sites', async () => {
  const told = CHANGES.filter(({ name }) => name === 'size' || name === 'place');
  const variants = told.flatMap((change) => oneByOne(shop.file, change));
  for (const { key, file } of variants) shop.put(`variants/${key}.json`, JSON.stringify(file));
  const run = await shop.run('plan', { deployment: 'variants/*.json' });
  shop.remove('variants');
  const { plans } = JSON.parse(run.outputs['json'] ?? '') as { plans: readonly Plan[] };
  const planned = new Map(plans.map((plan) => [plan.file, fieldsOf(plan)]));
  expect(planned.size).toBe(told.flatMap(({ members }) => members).length);
  for (const { key } of variants)
    expect([key, planned.get(`variants/${key}.json`)]).toEqual([key, [MEMBER_OF[key] ?? memberOfKey(key)]]);
  expect(plans.flatMap(({ fields }) => fields.filter(({ changes }) => changes.length === 1))).toEqual([]);
});

test.each(CHANGES)('a change of $name is planned, made at the standby first, and then nothing is left', async (one) => {
  await one.prepare?.(shop);
  shop.edit(one.change);
  const { plan } = await shop.plan();
  expect(plan.outcome).toBe('changes');
  expect(fieldsOf(plan)).toEqual(one.members.toSorted());
  expect(plan.fields.filter(({ changes }) => changes.length === 1)).toEqual([]);
  const before = bed.mark();
  const run = await shop.run('reconcile', { digest: plan.digest });
  expect(run.summary).toMatch(/^### ✅ shop is as Git says, at both sites/);
  const asked = bed.changesSince(before).filter((line) => /UpdateEnvironment|agResource/.test(line));
  const regions = asked.map((line) => line.split(' ')[0]);
  expect(regions).toEqual(regions.toSorted().toReversed());
  expect(new Set(regions)).toEqual(new Set([WEST, EAST]));
  expect((await shop.plan()).plan.outcome).toBe('in sync');
  expect(differences(shop)).toEqual([]);
  for (const region of [EAST, WEST] as const) expect(shop.environment(region)).toMatchObject(one.shown(region));
});

describe('Artifacts of the repository', () => {
  const dagsAt = async (region: Region) => {
    const Bucket = `other-dags-${region}`;
    const s3 = bed.services.s3(region);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'flows/' }));
    const texts = Contents.map(async ({ Key = '' }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return [Key, await Body?.transformToString()];
    });
    return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
  };
  /** What an environment reads, by the version that it is pinned to. */
  const read = async (region: Region, pinned: 'Requirements' | 'StartupScript') => {
    const { [`${pinned}S3Path` as const]: Key, [`${pinned}S3ObjectVersion` as const]: VersionId } =
      shop.environment(region);
    const { Body } = await bed.services
      .s3(region)
      .send(new GetObjectCommand({ Bucket: `other-dags-${region}`, Key, VersionId }));
    return Body?.transformToString();
  };

  test('are in both buckets, pinned at each site to a version with their content', async () => {
    expect(await dagsAt(EAST)).toEqual({ 'flows/orders.py': '# one', 'flows/returns.py': '# one' });
    expect(await dagsAt(WEST)).toEqual(await dagsAt(EAST));
    for (const region of REGIONS) {
      expect(await read(region, 'Requirements')).toBe('pandas==2.2.0');
      expect(await read(region, 'StartupScript')).toBe('echo one');
      expect(shop.environment(region).PluginsS3ObjectVersion).toMatch(/.{8}/);
    }
  });

  test('that change or go away do so at both sites, and what others put there stays', async () => {
    for (const region of REGIONS)
      await bed.services
        .s3(region)
        .send(new PutObjectCommand({ Bucket: `other-dags-${region}`, Key: 'flows/theirs.py', Body: region }));
    await bed.services.moto.replicated();
    shop.put('requirements.txt', 'pandas==2.2.1');
    shop.put('dags/orders.py', '# two');
    shop.remove('dags/returns.py');
    const { plan } = await shop.plan();
    expect(fieldsOf(plan)).toEqual(['RequirementsS3ObjectVersion']);
    expect(
      plan.artifacts.rows.filter(({ verdict }) => verdict !== 'in sync').map(({ path, verdict }) => [path, verdict]),
    ).toEqual([
      ['dags/orders.py', 'changed'],
      ['dags/returns.py', 'deleted'],
      ['dags/theirs.py', 'foreign'],
      ['requirements.txt', 'changed'],
    ]);
    const run = await shop.run('reconcile', { digest: plan.digest });
    expect(run.summary).toMatch(/^### ✅ shop is as Git says, at both sites/);
    for (const region of REGIONS) {
      const { 'flows/theirs.py': theirs, ...ours } = await dagsAt(region);
      expect([theirs, ours]).toEqual([expect.stringMatching(/^us-/), { 'flows/orders.py': '# two' }]);
      expect(await read(region, 'Requirements')).toBe('pandas==2.2.1');
    }
    const before = bed.mark();
    expect((await shop.run('reconcile')).outputs['outcome']).toBe('in sync');
    expect(bed.changesSince(before)).toEqual([]);
  });
});
