import { describe, expect, test } from '@jest/globals';
import { EAST, Story, WEST } from '../doubles/story.ts';

async function afterTheLossOfEast(): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  story.universe.lose(EAST);
  await story.check({ wait: '1800' });
  return story;
}

function newestLivePart(story: Story): string {
  const { universe } = story;
  const live = universe
    .s3(WEST)
    .list(universe.bucket(WEST), 'snapshots/example/')
    .map(({ key }) => key)
    .findLast((key) => key.endsWith('live-0001'));
  if (live === undefined) throw new Error('there is no snapshot');
  return live;
}

describe('A target that is not perfect', () => {
  test('a user DAG that the target has not parsed is named, and blocks nothing', async () => {
    const story = await afterTheLossOfEast();
    story.universe.airflow(WEST).dags.delete('report');
    const process = story.process();
    expect(await story.failover(undefined, process)).toMatchObject({ to: WEST, epoch: 1 });
    expect(process.lines.filter((line) => line.startsWith('warning:')).join('\n')).toContain('report');
  });

  test('a newest snapshot that has not wholly arrived is skipped for the newest complete one, and the log says so', async () => {
    const story = await afterTheLossOfEast();
    const part = newestLivePart(story);
    const half = part.split('/')[2] ?? '';
    story.universe.s3(WEST).delete(story.universe.bucket(WEST), part);
    const { snapshot } = await story.check();
    const process = story.process();
    const { loss } = await story.failover(undefined, process);
    expect(loss.snapshot.id).toBe(snapshot?.id);
    expect(loss.snapshot.id < half).toBe(true);
    expect(process.lines.filter((line) => line.startsWith('warning:')).join('\n')).toContain(half);
  });

  test('one whose hash is wrong is refused all the same', async () => {
    const story = await afterTheLossOfEast();
    const part = newestLivePart(story);
    const s3 = story.universe.s3(WEST);
    const bucket = story.universe.bucket(WEST);
    const body = Buffer.from(s3.get(bucket, part)?.body ?? []);
    body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
    s3.put(bucket, part, body, 'any');
    const error = await story.refusal('failover', { target: WEST, reason: 'x', confirm: 'example' });
    expect(error.code).toBe('MDR-SNAPSHOT-PART');
  });

  /** The key of the target answers the active site no more, from its next snapshot on. */
  const throttles = (story: Story) =>
    story.universe.fault({ service: 'kms', quality: 'throttled', region: WEST, observer: EAST });

  test('a newest snapshot whose key was not wrapped for the target is skipped, and the log says so', async () => {
    const story = await Story.ofARunningDeployment();
    const answersAgain = throttles(story);
    await story.minutes(10);
    answersAgain();
    story.universe.lose(EAST);
    const { snapshot } = await story.check({ wait: '1800' });
    const newest = story.snapshots(WEST).at(-1) ?? '';
    const process = story.process();
    const { loss } = await story.failover(undefined, process);
    expect([loss.snapshot.id, loss.snapshot.id]).toEqual([snapshot?.id, story.snapshots(WEST).at(-2)]);
    expect(process.lines.filter((line) => line.startsWith('warning:')).join('\n')).toContain(newest);
  });

  test('a key that is never wrapped for the target is seen by check, once the last good snapshot is too old', async () => {
    const story = await Story.ofARunningDeployment();
    throttles(story);
    await story.minutes(5);
    expect((await story.check()).verdict.key).toBe('HEALTHY');
    await story.minutes(15);
    const { verdict, snapshot } = await story.check();
    expect([verdict.key, verdict.evidence.join('\n')]).toEqual(['DEGRADED', expect.stringContaining('snapshot')]);
    expect(snapshot?.ageSeconds).toBeGreaterThan(story.universe.deployment.objectives.rpoSeconds);
  });

  test('a snapshot that is asked for and lacks the key of the target is refused as soon as it has arrived', async () => {
    const story = await Story.ofARunningDeployment();
    throttles(story);
    const before = story.universe.clock.now();
    expect(await story.refusal('snapshot', { force: 'true' })).toMatchObject({ code: 'MDR-SNAPSHOT-KEY' });
    expect(story.universe.clock.now() - before).toBeLessThan(900_000);
  });
});
