import { describe, expect, test } from '@jest/globals';
import type { Debt } from '../../action/src/domain/control-record.ts';
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
  test('then the fence stays owed after the claim was paid, until its own canary holds the site', async () => {
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
    expect(second.debts).toMatchObject({ paid: [], owed: [{ kind: 'fence', site: EAST, grade: 'paused' }] });
    expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
    // Nothing holds it yet: its canary has still to run.
    expect(kinds((await story.status()).debts)).toEqual([`fence of ${EAST} in 1`]);
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
    expect(debts).toMatchObject({ paid: [], owed: [{ kind: 'fence', grade: 'paused' }] });
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

describe('When a record still holds a debt that does not count', () => {
  const debt = (site: string, epoch: number): Debt => ({
    kind: 'fence',
    site,
    epoch,
    move: `mv-${epoch}-00000000`,
    since: '2026-11-24T10:00:00Z',
  });

  test.each([
    ['of an old epoch, of the site that is active now', WEST, debt(WEST, 0)],
    ['of another epoch, of the site that is the standby', WEST, debt(EAST, 3)],
    ['of this epoch, in the record of the side that lost', EAST, debt(EAST, 1)],
    ['of this epoch, of the site that it belongs to', WEST, debt(WEST, 1)],
  ])('(%s) then a check strikes it off and pauses nobody for it', async (_, where, owed) => {
    const story = await MoveStory.running();
    await story.force(TO_WEST);
    const pauses = [EAST, WEST].map((region) => story.pausesByRest(region));
    story.rewrite(where, (record) => ({ ...record, debts: [owed] }));
    const { debts } = await story.check();
    expect(debts).toEqual({ paid: [], owed: [] });
    expect([story.control(EAST).debts, story.control(WEST).debts]).toEqual([[], []]);
    expect(pauses).toEqual([[], []]);
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
  });

  test.each([
    ['of the side that lost', EAST, 4],
    ['of the side that won', WEST, 3],
  ])('(in the record %s, with a claim that names no move) then too', async (_, where, epoch) => {
    const story = await MoveStory.running();
    await story.force(TO_WEST);
    const debts = [debt(EAST, 0), debt(WEST, 2)];
    story.rewrite(where, (record) => ({ ...record, epoch, phase: 'claimed', move: null, debts }));
    await story.check();
    expect([story.control(EAST).debts, story.control(WEST).debts]).toEqual([[], []]);
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
  });
});

describe('When a claim was paid by what a heartbeat says of an activation that nobody has recorded', () => {
  async function paidFromABeat(): Promise<MoveStory> {
    const story = await MoveStory.onTheBadDay();
    await story.killed(TO_WEST, { mishap: (call) => (notes('activated')(call) ? 'kill before' : undefined) });
    await story.getsBack(EAST);
    expect(kinds((await story.check()).debts.paid)).toContain(`claim of ${EAST} in 1`);
    expect(story.control(EAST)).toMatchObject({ epoch: 1, phase: 'activated', activated: { snapshot: null } });
    return story;
  }

  test('then the next run of the move makes both records say the same', async () => {
    const story = await paidFromABeat();
    await story.failover(TO_WEST);
    expect(story.control(WEST).activated.snapshot).not.toBeNull();
    expect(story.control(EAST).activated).toEqual(story.control(WEST).activated);
  });

  test('then install takes the two for one story, and what is known is never unsaid', async () => {
    const story = await paidFromABeat();
    await story.failover(TO_WEST);
    const { activated } = story.control(EAST);
    story.rewrite(EAST, (record) => ({ ...record, activated: { ...activated, snapshot: null } }));
    expect(await story.run('install', {})).toMatchObject({ sites: [{ control: 'present' }, { control: 'present' }] });
    await story.minutes(15);
    await story.check();
    expect(story.control(WEST).activated).toEqual(activated);
  });
});
