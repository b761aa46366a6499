import { describe, expect, test } from '@jest/globals';
import { ARTIFACTS, ArtifactStory } from '../doubles/artifact-story.ts';

const PLAN_IS_EMPTY = [[], []];

async function deployed(): Promise<ArtifactStory> {
  const story = new ArtifactStory();
  await story.apply();
  return story;
}

describe('a folder of DAGs that is taken out of the deployment file and put back', () => {
  async function withoutDags() {
    const story = await deployed();
    story.repository.files.delete('dags/team/stock.py');
    await story.apply();
    await story.seconds(120);
    const { dags: _, ...others } = ARTIFACTS;
    story.declare(others);
    await story.apply();
    await story.seconds(120);
    return story;
  }

  test('leaves the DAG files where they are, and nothing more to do', async () => {
    const story = await withoutDags();
    expect([story.dags(0), story.dags(1)]).toEqual([{ 'orders.py': 'orders 1' }, { 'orders.py': 'orders 1' }]);
    expect((await story.plan()).after).toEqual(PLAN_IS_EMPTY);
  });

  test('still knows which files were deployed, and which deleted', async () => {
    const story = await withoutDags();
    story.repository.files.delete('dags/orders.py');
    story.repository.files.set('dags/new.py', 'new 1');
    story.putByHand(1, 'team/stock.py', 'stock 1');
    await story.seconds(120);
    story.declare(ARTIFACTS);
    expect(await story.differences()).toEqual({
      'dags/new.py': 'new',
      'dags/orders.py': 'deleted',
      'dags/team/stock.py': 'deleted',
    });
    await story.apply();
    expect([story.dags(0), story.dags(1)]).toEqual([{ 'new.py': 'new 1' }, { 'new.py': 'new 1' }]);
    await story.seconds(120);
    expect((await story.plan()).after).toEqual(PLAN_IS_EMPTY);
  });

  test('leaves alone what others made of the files meanwhile', async () => {
    const story = await withoutDags();
    story.repository.files.delete('dags/orders.py');
    story.repository.files.set('dags/new.py', 'new 1');
    for (const site of [0, 1] as const) story.putByHand(site, 'orders.py', 'orders of somebody else');
    story.declare(ARTIFACTS);
    expect(await story.differences()).toEqual({ 'dags/new.py': 'new', 'dags/orders.py': 'foreign' });
  });

  test('still knows a file whose upload was announced and never concluded', async () => {
    const story = await deployed();
    story.repository.files.set('dags/short-lived.py', 'x');
    const isUpload = ({ operation, key }: { operation: string; key: string }) =>
      operation === 'PutObject' && key.endsWith('short-lived.py');
    await story.apply(story.process({ mishap: (call) => (isUpload(call) ? 'kill after' : undefined) })).catch(() => 0);
    await story.seconds(120);
    const { dags: _, ...others } = ARTIFACTS;
    story.declare(others);
    await story.apply();
    await story.seconds(120);
    expect((await story.plan()).after).toEqual(PLAN_IS_EMPTY);
    story.repository.files.delete('dags/short-lived.py');
    story.declare(ARTIFACTS);
    expect(await story.differences()).toEqual({ 'dags/short-lived.py': 'deleted' });
  });
});

describe('a file of somebody else in the DAGs folder', () => {
  test('is no part of what is reviewed, whatever the standby has of it', async () => {
    const story = await deployed();
    story.s3(0).setReplication(story.bucket(0), []);
    story.putByHand(0, 'theirs.py', 'theirs');
    const plan = await story.plan();
    expect(plan.rows).toContainEqual(expect.objectContaining({ verdict: 'missing at the standby' }));
    expect(plan.others).toEqual(['dags/theirs.py']);
  });
});
