import { describe, expect, test } from '@jest/globals';
import { keys } from '../../action/src/domain/names.ts';
import { drift } from '../../action/src/operations/drift.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { PATH, ReconcileStory, withMwaa } from './reconcile-story.ts';

const look = (story: ReconcileStory) => drift(story.process(), { path: PATH, deployment: story.file });
const noted = (story: ReconcileStory) =>
  story.universe.s3(WEST).json(story.universe.bucket(WEST), keys.drift(story.file.deployment));

describe('The drift check', () => {
  test('finds nothing where all is as Git says', async () => {
    const story = await ReconcileStory.running();
    expect(await look(story)).toMatchObject({ outcome: 'clean', findings: [], since: null });
    expect(noted(story)).toMatchObject({ fields: 0, since: null });
  });

  test('says what differs, what it means and since when, until it is cured', async () => {
    const story = await ReconcileStory.running();
    story.edit(WEST, { MaxWorkers: 3 });
    const first = await look(story);
    expect(first).toMatchObject({
      outcome: 'drift',
      findings: [
        {
          key: 'MaxWorkers',
          what: '`MaxWorkers`: Git says `10`; us-east-1 `10`, us-west-2 `3`',
          consequence: 'a failover would scale to another number of workers',
        },
      ],
    });
    await story.minutes(60);
    expect(await look(story)).toMatchObject({ since: first.since });
    expect(noted(story)).toMatchObject({ fields: 1, since: first.since });
    story.edit(WEST, { MaxWorkers: 10 });
    expect(await look(story)).toMatchObject({ outcome: 'clean', since: null });
  });

  test('keeps the age in a note that cannot be read just now, and makes up none', async () => {
    const story = await ReconcileStory.running();
    story.edit(WEST, { MaxWorkers: 3 });
    const first = await look(story);
    const before = noted(story);
    await story.minutes(24 * 60);
    const key = keys.drift(story.file.deployment);
    const unread = story.process({
      mishap: (call) => (call.operation === 'GetObject' && call.key === key ? 'lose reply' : undefined),
    });
    const second = await drift(unread, { path: PATH, deployment: story.file });
    expect(second).toMatchObject({ outcome: 'drift', since: null });
    expect(unread.lines).toContainEqual(expect.stringMatching(/^warning: .*the last drift check could not be read/));
    expect(noted(story)).toEqual(before);
    expect(await look(story)).toMatchObject({ since: first.since });
  });

  test('says a lost standby once, and not each of its settings', async () => {
    const story = await ReconcileStory.running();
    story.universe.controlPlane(WEST).deleteEnvironment({ Name: story.nameIn(WEST) });
    await story.minutes(60);
    const { findings } = await look(story);
    expect(findings.map(({ key }) => key)).toEqual([`site:${WEST}`]);
    expect(findings[0]?.consequence).toContain('would first have to create it');
  });

  test('judges nothing while a reconcile is at work', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(withMwaa({ maxWorkers: 15 }));
    const reconciling = story.reconcile(reviewed);
    await story.minutes(15);
    expect(await look(story)).toMatchObject({ outcome: 'busy' });
    expect(noted(story)).toBeUndefined();
    await reconciling;
    expect(await look(story)).toMatchObject({ outcome: 'clean' });
  });

  test.each(['dark', 'denied', 'throttled'] as const)('calls a Region that is %s no drift', async (quality) => {
    const story = await ReconcileStory.running();
    story.universe.fault({ service: 'airflow-api', quality, region: EAST });
    await expect(look(story)).rejects.toMatchObject({ quality });
    expect(noted(story)).toBeUndefined();
  });
});
