import { describe, expect, test } from '@jest/globals';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

/** Somebody forced a failover away from a healthy site, and cancelled it before the claim. */
async function withAMistake(): Promise<MoveStory> {
  const story = await MoveStory.running();
  await story.killed(forced(TO_WEST), diesAfter('prepared'));
  await story.minutes(20);
  return story;
}

describe('A failover that was forced by mistake and cancelled before its claim', () => {
  test('leaves no force behind: without it the next one refuses to leave a healthy site', async () => {
    const story = await withAMistake();
    const before = story.everything;
    expect(await story.refusal('failover', TO_WEST)).toMatchObject({ code: 'MDR-MOVE-HEALTHY' });
    expect(story.everything).toBe(before);
    expect(story.roles).toBe('active 0, standby 0');
  });

  test('keeps nobody from the site that is active: nothing is to be done there', async () => {
    const story = await withAMistake();
    expect(await story.refusal('failover', HOME)).toMatchObject({ code: 'MDR-MOVE-SAME-SITE' });
  });

  test('is withdrawn by the next check, which says so and touches nothing else', async () => {
    const story = await withAMistake();
    const { withdrawn, verdict, active } = await story.check();
    expect({ active, verdict: verdict.key }).toEqual({ active: EAST, verdict: 'HEALTHY' });
    expect(withdrawn).toMatchObject([{ to: WEST, epoch: 1, step: 'planned' }]);
    expect(story.control(WEST)).toMatchObject({ epoch: 0, move: null, lease: null });
    expect((await story.check()).withdrawn).toEqual([]);
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 0, standby 0', AT_WORK]);
  });

  test('does not bind the next one to its snapshot', async () => {
    const story = await withAMistake();
    const old = story.control(WEST).lease?.move?.snapshot;
    const older = story.snapshots(WEST).find((id) => id !== old) ?? '';
    expect(await story.force({ ...TO_WEST, snapshot: older })).toMatchObject({
      resumed: false,
      loss: { snapshot: { id: older } },
    });
  });

  test('is left alone by a check as long as its run may be at work', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('prepared'));
    expect((await story.check()).withdrawn).toEqual([]);
    expect(story.control(WEST).lease?.move).toMatchObject({ step: 'planned' });
  });
});

describe('A failover that was killed before its claim, whose Region came back and is lost again hours later', () => {
  async function lostAgain(): Promise<{ story: MoveStory; old: string }> {
    const story = await MoveStory.onTheBadDay();
    await story.killed(TO_WEST, diesAfter('prepared'));
    const old = story.control(WEST).lease?.move?.snapshot ?? '';
    story.universe.bringBack(EAST);
    await story.minutes(4 * 60);
    return { story, old };
  }

  test('is planned anew, with the newest work, and the loss is said anew', async () => {
    const { story, old } = await lostAgain();
    await story.loses(EAST);
    const runner = story.process();
    const { loss, resumed, rpo } = await story.failover(TO_WEST, runner);
    expect({ resumed, isNewer: loss.snapshot.id > old }).toEqual({ resumed: false, isNewer: true });
    expect(rpo.measuredSeconds).toBeLessThanOrEqual(720);
    expect(runner.lines).toContain('What this will lose');
    expect(runner.lines.join('\n')).toContain(loss.snapshot.id);
    expect(runner.lines.join('\n')).not.toContain('going on with');
  });

  test('needs a verdict of its own: the one of back then allows nothing', async () => {
    const { story } = await lostAgain();
    const before = story.everything;
    expect(await story.refusal('failover', TO_WEST)).toMatchObject({ code: 'MDR-MOVE-HEALTHY' });
    expect(story.everything).toBe(before);
  });
});
