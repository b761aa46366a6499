import { describe, expect, test } from '@jest/globals';
import { EAST, WEST } from '../doubles/story.ts';
import { diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

/** WEST is active in epoch 3; EAST, dark since, has a record that claims epoch 2 for a move that died. */
async function afterADeadMoveHome(): Promise<{ story: MoveStory; loaded: string[] }> {
  const story = await MoveStory.movedToWest();
  await story.getsBack(EAST);
  await story.check();
  await story.minutes(15);
  await story.killed(forced(HOME), diesAfter('claimed'));
  story.universe.lose(EAST);
  await story.minutes(5);
  const loaded: string[] = [];
  story.universe.airflow(EAST).onActivated = ({ epoch, snapshot }) => void loaded.push(`${epoch} from ${snapshot}`);
  await story.force(TO_WEST);
  expect(story.roles).toBe('standby 1, active 3');
  await story.minutes(35);
  // The role of WEST may not write into the bucket of EAST; S3 itself replicates.
  story.universe.fault({ service: 's3', quality: 'denied', region: EAST, observer: WEST });
  await story.minutes(3);
  return { story, loaded };
}

/** EAST comes back, without a beat that would hear of the higher epoch, and WEST is lost. */
async function returnsAlone(story: MoveStory): Promise<void> {
  const east = story.universe.airflow(EAST);
  east.starved.add('mwaadr_canary');
  story.universe.bringBack(EAST);
  await story.minutes(14);
  story.universe.lose(WEST);
  east.starved.clear();
  await story.minutes(20);
}

const newestOfEpoch3 = (story: MoveStory): string =>
  story
    .snapshots(EAST)
    .filter((id) => id.includes('-e3-'))
    .at(-1) ?? 'none';

describe('When the record of a site claims an epoch for a move that is dead, and the winner is lost', () => {
  test('then its own bucket still tells what was active last, if it heard of the higher epoch', async () => {
    const { story, loaded } = await afterADeadMoveHome();
    story.universe.bringBack(EAST);
    await story.minutes(14);
    story.universe.lose(WEST);
    expect(story.roles).toBe('standby 3, active 3');
    await story.minutes(20);
    await story.check({ wait: '1800' });
    const { loss } = await story.force(HOME);
    expect([loaded, loss.snapshot.id]).toEqual([[`4 from ${newestOfEpoch3(story)}`], newestOfEpoch3(story)]);
  }, 60_000);

  test('and if it did not hear of it, the dead move is not resumed below it', async () => {
    const { story, loaded } = await afterADeadMoveHome();
    await returnsAlone(story);
    const { findings } = await story.check({ wait: '1800' });
    expect(findings.map(({ command }) => command?.inputs)).not.toContainEqual(
      expect.objectContaining({ target: WEST }),
    );
    await story.force(HOME);
    expect(loaded).toEqual([`4 from ${newestOfEpoch3(story)}`]);
  }, 60_000);

  test.each(['throttled', 'denied', 'dark'] as const)(
    'nor when the key that would open the proof does not answer (%s)',
    async (quality) => {
      const { story, loaded } = await afterADeadMoveHome();
      await returnsAlone(story);
      const heal = story.universe.fault({ service: 'kms', quality, region: EAST, observer: 'outside' });
      story.universe.clock.after(60_000, heal);
      await story.force(HOME).catch(() => undefined);
      expect(loaded.filter((line) => !line.startsWith('4 from'))).toEqual([]);
    },
    60_000,
  );

  test('nor when no snapshot above it is wrapped for the site: then nothing is restored', async () => {
    const { story, loaded } = await afterADeadMoveHome();
    story.universe.fault({ service: 'kms', quality: 'denied', region: EAST, observer: WEST });
    await returnsAlone(story);
    expect(await story.refusal('failover', forced(HOME))).toMatchObject({
      code: 'MDR-SNAPSHOT-KEY',
      state: 'nothing was touched',
    });
    expect(loaded).toEqual([]);
  }, 60_000);
});
