import { describe, expect, test } from '@jest/globals';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { ALL_PAUSED, AT_WORK, diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

const FAILS = { ok: false, outcome: 'failed', message: 'disk full' } as const;

/** The refusal, and proof that it left everything as it was. */
async function refusedUntouched(story: MoveStory, inputs: Readonly<Record<string, string>>) {
  const before = story.everything;
  const error = await story.refusal('failover', inputs);
  expect(story.everything).toBe(before);
  return error;
}

function deleteSnapshots(story: MoveStory, isGone: (id: string) => boolean): void {
  const s3 = story.universe.s3(WEST);
  const bucket = story.universe.bucket(WEST);
  for (const { key } of s3.list(bucket, keys.snapshots('example'))) {
    if (isGone(key.split('/')[2] ?? '')) s3.delete(bucket, key);
  }
}

describe('When the activation fails for good after the claim', () => {
  /** Nobody is active: EAST obeyed, WEST cannot. */
  async function withoutAWayOn(): Promise<MoveStory> {
    const story = await MoveStory.running();
    story.universe.airflow(WEST).spoiled.set('mwaadr_activate', FAILS);
    await story.refusal('failover', forced(TO_WEST));
    expect(story.roles).toBe('standby 1, standby 0');
    return story;
  }

  test('then the way home is refused while the target can be read, and the reason is named', async () => {
    const story = await withoutAWayOn();
    const error = await refusedUntouched(story, forced(HOME));
    expect(error).toMatchObject({ code: 'MDR-MOVE-OTHER', state: 'nothing was touched' });
    expect(error.message).toContain(`to ${WEST} is under way`);
    expect(error.message).toContain('has come to fenced');
    expect(error.fix).toContain(`failover with target ${WEST}`);
  });

  test('then the same failover says why it fails, as often as it is run', async () => {
    const story = await withoutAWayOn();
    for (let tries = 1; tries <= 2; tries += 1) {
      const error = await story.refusal('failover', TO_WEST);
      expect(error).toMatchObject({ code: 'MDR-ACTIVATE-FAILED' });
      expect(error.message).toContain('disk full');
      expect(story.roles).toBe('standby 1, standby 0');
    }
  });

  test('then the same failover ends well once the cause is gone, without force and with the newest work', async () => {
    const story = await withoutAWayOn();
    story.universe.airflow(WEST).spoiled.clear();
    expect(await story.failover(TO_WEST)).toMatchObject({ epoch: 1, resumed: true });
    expect(story.roles).toBe('standby 1, active 1');
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
  });

  test('then a target that is lost, too, keeps nobody from going home', async () => {
    const story = await withoutAWayOn();
    story.universe.lose(WEST);
    expect(await story.force(HOME)).toMatchObject({ epoch: 2, to: EAST });
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 2, standby 0', AT_WORK]);
  });
});

describe('When the snapshot of a claimed move is gone', () => {
  /** Killed after the claim; the snapshot that it was planned with was deleted since. */
  async function withoutItsSnapshot(): Promise<{ story: MoveStory; planned: string }> {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    const planned = story.control(WEST).move?.snapshot ?? '';
    deleteSnapshots(story, (id) => id === planned);
    await story.minutes(15);
    return { story, planned };
  }

  test('then the newest one that is whole is taken', async () => {
    const { story, planned } = await withoutItsSnapshot();
    const newest = story.snapshots(WEST).at(-1);
    const result = await story.failover(TO_WEST);
    expect(result).toMatchObject({ epoch: 1, resumed: true, loss: { snapshot: { id: newest } } });
    expect(newest).not.toBe(planned);
    expect(story.roles).toBe('standby 1, active 1');
  });

  test('then one that a person names is taken', async () => {
    const { story } = await withoutItsSnapshot();
    const [older = ''] = story.snapshots(WEST);
    expect(await story.failover({ ...TO_WEST, snapshot: older })).toMatchObject({ loss: { snapshot: { id: older } } });
  });

  test('then without any other one the activation says what is missing, and the way home is refused', async () => {
    const { story } = await withoutItsSnapshot();
    deleteSnapshots(story, () => true);
    const error = await story.refusal('failover', TO_WEST);
    expect(error.code).toMatch(/^MDR-SNAPSHOT-/);
    expect(story.roles).toBe('standby 1, standby 0');
    expect(await refusedUntouched(story, forced(HOME))).toMatchObject({ code: 'MDR-MOVE-OTHER' });
  });
});

describe('When a move was activated, and its run died before it knew', () => {
  test('then it is closed though its snapshots are gone: nothing has to be chosen any more', async () => {
    const story = await MoveStory.running();
    const diesWaiting = {
      mishap: ({ key }: { key: string }) => (key.includes(DAG_IDS.activate) ? 'kill after' : undefined),
    } as const;
    await story.killed(forced(TO_WEST), diesWaiting);
    await story.minutes(10);
    expect(story.roles).toBe('standby 1, active 1');
    const [restored] = story
      .snapshots(WEST)
      .filter((id) => id.includes('-e0-'))
      .slice(-1);
    deleteSnapshots(story, () => true);
    expect(await story.failover(TO_WEST)).toMatchObject({ resumed: true, epoch: 1 });
    expect(story.control(WEST).activated).toMatchObject({ site: WEST, epoch: 1, snapshot: restored });
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
  });
});

describe('When the new active site is lost before its first snapshot has arrived', () => {
  test('then nothing may be restored at the other one, and each refusal says why', async () => {
    const story = await MoveStory.movedToWest();
    story.universe.drops = (key) => key.startsWith('snapshots/');
    await story.getsBack(EAST);
    await story.check();
    await story.loses(WEST);
    const none = await refusedUntouched(story, forced(HOME));
    expect(none).toMatchObject({ code: 'MDR-SNAPSHOT-NONE', state: 'nothing was touched' });
    expect(none.message).toContain(`${WEST} took in epoch 1`);
    const dead = story.snapshots(EAST).at(-1) ?? '';
    expect(dead).toContain('-e0-');
    expect(await refusedUntouched(story, { ...forced(HOME), snapshot: dead })).toMatchObject({
      code: 'MDR-SNAPSHOT-LINEAGE',
    });
  });
});

describe('When both Regions were lost in turn, and the one that is back knows nothing of the move', () => {
  /** WEST is active in epoch 1 and in the dark; EAST is back, believes that epoch 0 rules, and works. */
  async function atWorkUnderAnOldEpoch(): Promise<MoveStory> {
    const story = await MoveStory.movedToWest();
    await story.minutes(15);
    story.universe.lose(WEST);
    story.universe.bringBack(EAST);
    await story.minutes(60);
    return story;
  }

  test('then it works on, and a failover to it is refused: nothing that can be seen says otherwise', async () => {
    const story = await atWorkUnderAnOldEpoch();
    expect(await story.status()).toMatchObject({ active: EAST, epoch: 0 });
    expect(await refusedUntouched(story, forced(HOME))).toMatchObject({ code: 'MDR-MOVE-SAME-SITE' });
    expect(story.dagsOf(EAST)).toEqual(AT_WORK);
  });

  test('then with its first beat after the other one is back it stops, and what it did is a dead branch', async () => {
    const story = await atWorkUnderAnOldEpoch();
    const seconds = story.count();
    story.universe.bringBack(WEST);
    await story.minutes(10);
    expect(seconds.none).toBe(0);
    expect(seconds.both).toBeLessThanOrEqual(135);
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['standby 1, active 1', ALL_PAUSED]);
    expect(await story.status()).toMatchObject({ active: WEST, epoch: 1 });
  });
});

describe('A forced move away from a site that answers', () => {
  test.each([0, 20, 40, 60, 80, 100])(
    'fences it within a minute and leaves nobody active for less than one, %i s after a beat',
    async (seconds) => {
      const story = await MoveStory.running();
      await story.universe.clock.sleep(seconds * 1000);
      const counted = story.count();
      const { fence, steps } = await story.force(TO_WEST);
      expect(fence).toBe('stopped');
      expect(steps.find(({ step }) => step === 'fenced')?.milliseconds).toBeLessThan(60_000);
      expect(counted.both).toBe(0);
      expect(counted.none).toBeLessThan(60);
    },
  );
});
