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
});
