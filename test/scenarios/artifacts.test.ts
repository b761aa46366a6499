import { describe, expect, test } from '@jest/globals';
import { dagsDigest } from '../../action/src/domain/bundle.ts';
import { sha256 } from '../../action/src/domain/envelope.ts';
import { MdrError } from '../../action/src/domain/errors.ts';
import { bundleKeys } from '../../action/src/domain/names.ts';
import { ArtifactStory } from '../doubles/artifact-story.ts';

const DAGS = { 'orders.py': 'orders 1', 'team/stock.py': 'stock 1' };
const PLAN_IS_EMPTY = [[], []];

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'no error',
    (error: unknown) => (error instanceof MdrError ? error.code : String(error)),
  );

async function deployed(...args: ConstructorParameters<typeof ArtifactStory>): Promise<ArtifactStory> {
  const story = new ArtifactStory(...args);
  await story.apply();
  return story;
}

describe('a first deployment', () => {
  test('brings every file to both sites, and what the environments read in a version of each', async () => {
    const story = new ArtifactStory();
    expect(await story.differences()).toEqual({
      'dags/orders.py': 'new',
      'dags/team/stock.py': 'new',
      plugins: 'new',
      'requirements.txt': 'new',
      'startup.sh': 'new',
    });
    await story.apply();
    for (const site of [0, 1] as const) {
      expect(story.dags(site)).toEqual(DAGS);
      expect(Object.keys(story.pinned(site))).toEqual(['plugins.zip', 'requirements.txt', 'startup.sh']);
      expect(story.settings[site]).toMatchObject({
        RequirementsS3Path: 'mwaadr/example/artifacts/requirements.txt',
        RequirementsS3ObjectVersion: expect.any(String),
      });
    }
    // Replication keeps the id of a version.
    expect(story.settings[0]).toEqual(story.settings[1]);
  });

  test('leaves a manifest at both sites, with the digest that the canary will see', async () => {
    const story = await deployed();
    expect(story.manifest(0)).toEqual(story.manifest(1));
    const files = Object.entries(DAGS).map(([path, text]) => ({ path, sha256: sha256(text) }));
    expect(story.manifest(0)).toMatchObject({
      deployment: 'example',
      dags: dagsDigest(files),
      commit: 'c1',
      actor: 'run 1',
      pending: [],
      tombstones: [],
    });
  });

  test('leaves nothing to plan and nothing to do', async () => {
    const story = await deployed();
    await story.seconds(120);
    const plan = await story.plan();
    expect([plan.before, plan.after]).toEqual([PLAN_IS_EMPTY, PLAN_IS_EMPTY]);
    const manifest = bundleKeys.manifest('example');
    const before = [0, 1].map((site) => story.s3(site as 0 | 1).versions(story.bucket(site as 0 | 1), manifest));
    await story.apply();
    expect([0, 1].map((site) => story.s3(site as 0 | 1).versions(story.bucket(site as 0 | 1), manifest))).toEqual(
      before,
    );
  });

  test('needs two calls a site to see that nothing has changed, and one for each pinned artifact', async () => {
    const story = await deployed();
    const process = story.process();
    await story.plan(process);
    expect(process.calls).toBe(2 * (2 + 3));
  });

  test('adopts files that are there in the same content, whatever their ETags, and deletes none', async () => {
    for (const etags of ['md5', 'opaque'] as const) {
      const story = new ArtifactStory({ 'dags/orders.py': 'orders 1' }, { artifacts: { dags: 'dags' } });
      for (const site of [0, 1] as const) {
        story.s3(site).etags = etags;
        story.putByHand(site, 'orders.py', 'orders 1');
        story.putByHand(site, 'theirs.py', 'theirs');
      }
      await story.seconds(60);
      expect(await story.differences()).toEqual({ 'dags/theirs.py': 'foreign' });
      const versions = story.s3(0).versions(story.bucket(0), 'dags/orders.py');
      await story.apply();
      expect(story.s3(0).versions(story.bucket(0), 'dags/orders.py')).toEqual(versions);
      expect(story.dags(1)).toEqual({ 'orders.py': 'orders 1', 'theirs.py': 'theirs' });
      expect((await story.plan()).after).toEqual(PLAN_IS_EMPTY);
    }
  });
});

describe('a change', () => {
  test('of the requirements reaches both sites as one new version, and the environments are told which', async () => {
    const story = await deployed();
    const before = story.settings[0]['RequirementsS3ObjectVersion'];
    story.repository.files.set('requirements.txt', 'pandas==2.2.1');
    expect(await story.differences()).toEqual({ 'requirements.txt': 'changed' });
    await story.apply();
    expect(story.pinned(1)['requirements.txt']).toBe('pandas==2.2.1');
    expect(story.settings[0]['RequirementsS3ObjectVersion']).not.toBe(before);
    expect(story.settings[0]).toEqual(story.settings[1]);
    expect(story.s3(0).versions(story.bucket(0), bundleKeys.artifact('example', 'requirements.txt'))).toHaveLength(2);
  });

  test('taken back before the environments were told leaves them on the version that they have', async () => {
    const story = await deployed();
    const before = structuredClone(story.settings);
    story.repository.files.set('requirements.txt', 'pandas==9');
    await story.deploy(await story.plan(), 'before');
    story.repository.files.set('requirements.txt', 'pandas==2.2.0');
    await story.apply();
    expect(story.settings).toEqual(before);
    expect(story.pinned(0)['requirements.txt']).toBe('pandas==2.2.0');
  });

  test('whose plan is of another commit is refused, and nothing is touched', async () => {
    const story = await deployed();
    const plan = await story.plan();
    story.repository.files.set('dags/orders.py', 'orders 2');
    expect(await codeOf(story.deploy(plan, 'after'))).toBe('MDR-ARTIFACT-CONFLICT');
    expect(story.dags(0)).toEqual(DAGS);
  });

  test('by two runs at once is carried out by one of them', async () => {
    const story = await deployed();
    story.repository.files.set('dags/orders.py', 'orders 2');
    const plan = await story.plan();
    const outcomes = await Promise.all([codeOf(story.deploy(plan, 'after')), codeOf(story.deploy(plan, 'after'))]);
    expect(outcomes.toSorted()).toEqual(['MDR-ARTIFACT-CONFLICT', 'no error']);
    expect([story.dags(0)['orders.py'], story.dags(1)['orders.py']]).toEqual(['orders 2', 'orders 2']);
  });

  test('is no conflict with the manifest that replication has just brought back from the standby', async () => {
    const story = await deployed();
    story.repository.files.set('dags/orders.py', 'orders 2');
    const versions = (site: 0 | 1) => story.s3(site).versions(story.bucket(site), bundleKeys.manifest('example'));
    const fromStandby = versions(1).at(-1);
    expect(versions(0)).not.toContain(fromStandby);
    // Reads the manifest, then takes until after the replica's arrival to write over it.
    await story.apply(story.process({ freezeAt: 'bundle.json', freezeFor: 10_000 }));
    expect(versions(0)).toContain(fromStandby);
    expect(story.dags(1)['orders.py']).toBe('orders 2');
  });
});

describe('a file that leaves the repository', () => {
  test('is deleted at both sites, with a tombstone', async () => {
    const story = await deployed();
    story.repository.files.delete('dags/team/stock.py');
    story.repository.commit = 'c2';
    expect(await story.differences()).toEqual({ 'dags/team/stock.py': 'deleted' });
    await story.apply();
    expect([story.dags(0), story.dags(1)]).toEqual([{ 'orders.py': 'orders 1' }, { 'orders.py': 'orders 1' }]);
    expect(story.manifest(1)).toMatchObject({ tombstones: [{ path: 'team/stock.py', commit: 'c2' }] });
  });

  test('is deleted again when a late copy of it arrives, but not when somebody makes another of its name', async () => {
    const story = await deployed();
    story.repository.files.delete('dags/team/stock.py');
    await story.apply();
    story.putByHand(1, 'team/stock.py', 'stock 1');
    expect(await story.differences()).toEqual({ 'dags/team/stock.py': 'deleted' });
    await story.apply();
    expect(story.dags(1)).toEqual({ 'orders.py': 'orders 1' });
    story.putByHand(1, 'team/stock.py', 'somebody else');
    expect(await story.differences()).toEqual({ 'dags/team/stock.py': 'foreign' });
  });

  test('deletes nothing when the whole folder is gone: that is a mistake', async () => {
    const story = await deployed();
    for (const path of ['dags/orders.py', 'dags/team/stock.py']) story.repository.files.delete(path);
    expect(await codeOf(story.plan())).toBe('MDR-ARTIFACT-FILE');
  });

  test('is deleted although the run that uploaded it died before it could say so', async () => {
    const story = await deployed();
    story.repository.files.set('dags/short-lived.py', 'x');
    const isUpload = ({ operation, key }: { operation: string; key: string }) =>
      operation === 'PutObject' && key.endsWith('short-lived.py');
    await story.apply(story.process({ mishap: (call) => (isUpload(call) ? 'kill after' : undefined) })).catch(() => 0);
    expect(story.dags(0)['short-lived.py']).toBe('x');
    story.repository.files.delete('dags/short-lived.py');
    await story.seconds(60);
    await story.apply();
    expect([story.dags(0), story.dags(1)]).toEqual([DAGS, DAGS]);
  });
});

describe('the standby', () => {
  test('is waited for while replication brings the files, and gets no second version of them', async () => {
    const story = await deployed();
    expect(story.s3(1).versions(story.bucket(1), 'dags/orders.py')).toEqual(
      story.s3(0).versions(story.bucket(0), 'dags/orders.py'),
    );
  });

  test('gets the files from us when replication does not cover them, or is late', async () => {
    for (const rules of [[], [{ prefix: 'other/', to: 'example-dags-us-west-2' }], [{ prefix: '', to: 'elsewhere' }]]) {
      const story = new ArtifactStory();
      story.s3(0).setReplication(story.bucket(0), rules);
      const began = story.universe.clock.now();
      await story.apply();
      expect(story.universe.clock.now() - began).toBeLessThan(10_000);
      expect(story.dags(1)).toEqual(DAGS);
      expect((await story.plan()).after).toEqual(PLAN_IS_EMPTY);
    }
    const late = new ArtifactStory();
    late.s3(0).replicate = () => undefined;
    const began = late.universe.clock.now();
    await late.apply();
    expect(late.dags(1)).toEqual(DAGS);
    expect(late.universe.clock.now() - began).toBeGreaterThan(2 * 60_000);
  });

  test('that is not as the active site is named with what it would mean, and made right', async () => {
    const story = await deployed();
    story.s3(1).delete(story.bucket(1), 'dags/orders.py');
    story.putByHand(1, 'team/stock.py', 'stock X');
    await story.seconds(60);
    // What the standby's bucket got by hand was replicated back.
    story.s3(0).put(story.bucket(0), 'dags/team/stock.py', 'stock 1', 'any');
    story.putByHand(1, 'team/stock.py', 'stock X');
    const { rows } = await story.plan();
    expect(rows.slice(0, 2)).toEqual([
      {
        path: 'dags/orders.py',
        verdict: 'missing at the standby',
        consequence: 'the standby lacks dags/orders.py: its DAGs would not run after a failover',
      },
      {
        path: 'dags/team/stock.py',
        verdict: 'differs at the standby',
        consequence: 'the standby has another dags/team/stock.py: a failover would run that one',
      },
    ]);
    await story.apply();
    expect(story.dags(1)).toEqual(DAGS);
  });

  test('that ends with another file than the one written to it is an error', async () => {
    const story = new ArtifactStory();
    const s3 = story.s3(1);
    story.s3(0).setReplication(story.bucket(0), []);
    const put = s3.put.bind(s3);
    s3.put = (bucket, key, body, when) => put(bucket, key, key === 'dags/orders.py' ? 'orders X' : body, when);
    expect(await codeOf(story.apply())).toBe('MDR-ARTIFACT-STANDBY');
    expect(story.manifest(1)).toBeUndefined();
  });

  test('becomes the active site in a move, and deployments go on from there', async () => {
    const story = await deployed();
    story.active = 1;
    story.repository.files.set('dags/orders.py', 'orders 2');
    story.repository.files.delete('dags/team/stock.py');
    await story.apply();
    expect([story.dags(0), story.dags(1)]).toEqual([{ 'orders.py': 'orders 2' }, { 'orders.py': 'orders 2' }]);
    await story.seconds(60);
    expect((await story.plan()).after).toEqual(PLAN_IS_EMPTY);
  });

  test('whose Region is dark is never taken for empty', async () => {
    const story = await deployed();
    story.universe.lose('us-west-2');
    await expect(story.plan()).rejects.toMatchObject({ name: 'AwsFault', quality: 'dark' });
  });
});

describe('what is not ours to change', () => {
  test.each(['observe', 'standby-only'])('under `%s` the active bucket is left alone', async (manage) => {
    const story = new ArtifactStory(undefined, { manage });
    story.s3(1).setReplication(story.bucket(1), []);
    const plan = await story.plan();
    expect([plan.before[0], plan.after[0]]).toEqual([[], []]);
    await story.apply();
    expect(story.dags(0)).toEqual({});
    expect(story.dags(1)).toEqual(manage === 'observe' ? {} : DAGS);
  });

  test('our own DAGs below the folder are neither deployed nor deleted nor shown', async () => {
    const files = { 'dags/orders.py': 'orders 1', 'dags/mwaadr/x.py': 'theirs' };
    const story = new ArtifactStory(files, { artifacts: { dags: 'dags' } });
    const dag = 'dags/mwaadr/mwaadr_dags.py';
    for (const site of [0, 1] as const) story.s3(site).put(story.bucket(site), dag, 'ours', 'any');
    await story.apply();
    expect((await story.plan()).rows.map(({ path }) => path)).toEqual(['dags/orders.py']);
    for (const site of [0, 1] as const)
      expect(story.dags(site)).toEqual({ 'orders.py': 'orders 1', 'mwaadr/mwaadr_dags.py': 'ours' });
  });
});

describe('a file that declares no artifacts', () => {
  const none = { artifacts: undefined };
  const settings = (version: string | undefined) => ({
    RequirementsS3Path: 'requirements.txt',
    ...(version === undefined ? {} : { RequirementsS3ObjectVersion: version }),
  });
  const put = (story: ArtifactStory, site: 0 | 1, text: string): string => {
    story.s3(site).putByHand(story.bucket(site), 'requirements.txt', text);
    return story.s3(site).versions(story.bucket(site), 'requirements.txt').at(-1) ?? '';
  };
  const unreplicated = () => {
    const story = new ArtifactStory({}, none);
    for (const site of [0, 1] as const) story.s3(site).setReplication(story.bucket(site), []);
    return story;
  };

  test.each([
    ['pandas==2', 'in sync'],
    ['pandas==1', 'differs at the standby'],
    ['pandas', 'differs at the standby'],
  ])('has the contents that both environments read compared (%s)', async (text, verdict) => {
    const story = unreplicated();
    story.settings = [settings(put(story, 0, 'pandas==2')), settings(put(story, 1, text))];
    const { rows, bundle } = await story.plan();
    expect(bundle).toBeNull();
    expect(rows).toMatchObject([{ path: 'requirements.txt', verdict }]);
    expect(rows[0]?.consequence).toMatch(verdict === 'in sync' ? /^$/ : /: a failover would run old dependencies$/);
  });

  test('says which version the standby lacks', async () => {
    const story = unreplicated();
    const version = put(story, 0, 'pandas==2');
    story.settings = [settings(version), {}];
    expect((await story.plan()).rows).toEqual([
      {
        path: 'requirements.txt',
        verdict: 'missing at the standby',
        consequence: `the standby lacks requirements version ${version}: a failover would run old dependencies`,
      },
    ]);
    story.settings = [settings(version), settings('never-arrived')];
    expect((await story.plan()).rows).toMatchObject([{ verdict: 'missing at the standby' }]);
  });

  test('has replicas compared by the id of their version, without a look into them', async () => {
    const story = new ArtifactStory({}, none);
    const version = put(story, 0, 'pandas==2');
    await story.seconds(60);
    story.settings = [settings(version), settings(version)];
    const process = story.process();
    expect((await story.plan(process)).rows).toMatchObject([{ verdict: 'in sync' }]);
    expect(process.calls).toBe(2);
  });
});
