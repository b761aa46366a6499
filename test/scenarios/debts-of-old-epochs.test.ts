import { describe, expect, test } from '@jest/globals';
import { EAST, WEST } from '../doubles/story.ts';
import { ALL_PAUSED, AT_WORK, forced, HOME, MoveStory, notes, TO_WEST } from './move-story.ts';

const kinds = (debts: readonly { kind: string; site: string; epoch: number }[]) =>
  debts.map(({ kind, site, epoch }) => `${kind} of ${site} in ${epoch}`);

/** Its canary runs no more: only a call of REST can pause it. */
const stopsBeating = (story: MoveStory, region: string): void => {
  story.universe.airflow(region).beat = () => undefined;
};

/** As {@link MoveStory.movedToWest}; then EAST came back, WEST was lost, and EAST is active in epoch 2. */
async function movedHome(): Promise<MoveStory> {
  const story = await MoveStory.movedToWest();
  await story.getsBack(EAST);
  await story.check();
  await story.loses(WEST);
  await story.failover(HOME);
  return story;
}

describe('When a lost Region comes back piece by piece', () => {
  test('then the fence stays owed after the claim was paid, until the site is really stopped', async () => {
    const story = await MoveStory.movedToWest();
    story.universe.bringBack(EAST);
    stopsBeating(story, EAST);
    const answersAgain = story.universe.fault({ service: 'airflow-env', quality: 'dark', region: EAST });
    const first = await story.check();
    expect(kinds(first.debts.paid)).toEqual([`claim of ${EAST} in 1`]);
    expect(kinds(first.debts.owed)).toEqual([`fence of ${EAST} in 1`]);
    expect(story.control(EAST)).toMatchObject({ epoch: 1, phase: 'activated' });
    expect(kinds((await story.status()).debts)).toEqual([`fence of ${EAST} in 1`]);
    expect(story.dagsOf(EAST)).toEqual(AT_WORK);

    answersAgain();
    const second = await story.check();
    expect(second.debts).toMatchObject({ paid: [{ kind: 'fence', site: EAST, grade: 'paused' }], owed: [] });
    expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
    expect((await story.status()).debts).toEqual([]);
  });
});

describe('When a forced move could tell the old side but not stop it', () => {
  test('then the fence is owed, everybody says so, and the next check that can stops it', async () => {
    const story = await MoveStory.running();
    const answersAgain = story.universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST });
    const runner = story.process({
      mishap: (call) => {
        if (notes('rechecked')(call)) stopsBeating(story, EAST);
        return undefined;
      },
    });
    const result = await story.failover(forced(TO_WEST), runner);
    expect(result.fence).toBe('unproven');
    expect(kinds(result.debts)).toEqual([`fence of ${EAST} in 1`]);
    expect(story.control(EAST)).toMatchObject({ epoch: 1, phase: 'activated' });
    expect(kinds((await story.status()).debts)).toEqual([`fence of ${EAST} in 1`]);

    answersAgain();
    const { debts } = await story.check();
    expect(debts).toMatchObject({ paid: [{ kind: 'fence', grade: 'paused' }], owed: [] });
    expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
  });
});

describe('When a site that owed something is active again', () => {
  test('then no check pauses it for what it owed in an old epoch, and that is struck off', async () => {
    const story = await movedHome();
    expect(kinds(story.control(EAST).debts)).toEqual([`claim of ${WEST} in 2`, `fence of ${WEST} in 2`]);
    await story.getsBack(WEST);
    await story.loses(EAST);
    await story.failover(TO_WEST);
    await story.getsBack(EAST);
    const paid: string[] = [];
    for (let checks = 1; checks <= 3; checks += 1) {
      const { debts, active } = await story.check();
      expect({ active, owed: debts.owed }).toEqual({ active: WEST, owed: [] });
      paid.push(...kinds(debts.paid));
      expect(story.dagsOf(WEST)).toEqual(AT_WORK);
      await story.minutes(15);
    }
    expect(paid).toEqual([`claim of ${EAST} in 3`, `fence of ${EAST} in 3`]);
    expect([story.control(EAST).debts, story.control(WEST).debts]).toEqual([[], []]);
    expect(story.roles).toBe('standby 3, active 3');
  });
});
