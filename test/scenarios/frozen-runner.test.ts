import { describe, expect, test } from '@jest/globals';
import type { Call, Mishap } from '../doubles/process.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, forced, HOME, MoveStory, notes, TO_WEST } from './move-story.ts';

const HOURS = 3_600_000;

/** The first call that is like this stands still for three hours; so does the whole process. */
const freezesAt = (isIt: (call: Call) => boolean, inFlight = false): ((call: Call) => Mishap) => {
  let isOver = false;
  return (call) => {
    if (isOver || !isIt(call)) return undefined;
    isOver = true;
    return { freeze: 3 * HOURS, inFlight };
  };
};

/** The canary cannot be started there, nor does it beat: the fence has to pause each DAG by REST. */
function withoutACanary(story: MoveStory, region: string): void {
  const site = story.universe.airflow(region);
  site.beat = () => undefined;
}

describe('When a runner stands still right before it pauses the old side, and that side is active again when it wakes up', () => {
  test.each([
    ['before it signs the request', false],
    ['with the request signed and not sent', true],
  ])('(%s) then it pauses nothing', async (_, inFlight) => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    const beat = east.beat.bind(east);
    const mishap = freezesAt(
      ({ operation, region, key }) => operation === 'InvokeRestApi' && region === EAST && key === 'PATCH dags/invoices',
      inFlight,
    );
    const runner = story.process({
      mishap: (call) => {
        if (notes('rechecked')(call)) withoutACanary(story, EAST);
        return mishap(call);
      },
    });
    const late = story.refusal('failover', forced(TO_WEST), runner);
    while (story.control(WEST).phase !== 'claimed') await story.minutes(1);
    await story.minutes(15);
    east.beat = beat;
    expect(await story.failover(TO_WEST)).toMatchObject({ epoch: 1, resumed: true });
    await story.minutes(30);
    expect(await story.force(HOME)).toMatchObject({ epoch: 2 });
    const pauses = story.pausesByRest(EAST);
    expect(await late).toMatchObject({ code: 'MDR-LEASE-LOST' });
    await story.minutes(5);
    expect(pauses).toEqual([]);
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 2, standby 2', AT_WORK]);
    expect(await story.check()).toMatchObject({ active: EAST, epoch: 2, verdict: { key: 'HEALTHY' } });
  });
});

describe('When a runner stands still between two steps of its move, and others have moved there and back when it wakes up', () => {
  test.each(['planned', 'prepared', 'rechecked', 'claimed', 'fenced', 'activated', 'confirmed'] as const)(
    '(in front of %s) then it changes nothing',
    async (step) => {
      const story = await MoveStory.running();
      const runner = story.process({ mishap: freezesAt(notes(step)) });
      const late = story.refusal('failover', forced(TO_WEST), runner);
      await story.minutes(12);
      expect(await story.force(TO_WEST)).toMatchObject({ epoch: 1 });
      await story.minutes(15);
      await story.check();
      expect(await story.force(HOME)).toMatchObject({ epoch: 2, to: EAST });
      const before = [
        story.everythingIn(EAST, 'control/example.json'),
        story.everythingIn(WEST, 'control/example.json'),
      ];
      expect(await late).toMatchObject({ code: 'MDR-LEASE-LOST' });
      expect([
        story.everythingIn(EAST, 'control/example.json'),
        story.everythingIn(WEST, 'control/example.json'),
      ]).toEqual(before);
      await story.minutes(5);
      expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 2, standby 2', AT_WORK]);
    },
  );
});

describe('When a runner stands still between its plan and its lease, and the site is activated by another move meanwhile', () => {
  test('then its plan, of a lineage that is dead by now, is not carried out', async () => {
    const story = await MoveStory.running();
    const isFirstLease = ({ operation, key }: Call) => operation === 'PutObject' && key === 'control/example.json';
    const late = story.refusal('failover', forced(TO_WEST), story.process({ mishap: freezesAt(isFirstLease) }));
    await story.minutes(10);
    await story.force(TO_WEST);
    await story.minutes(15);
    await story.force(HOME);
    expect(await late).toMatchObject({ code: 'MDR-CONTROL-CONFLICT', state: 'nothing was touched' });
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 2, standby 2', AT_WORK]);
    expect(story.control(WEST)).toMatchObject({ move: null, lease: null });
  });
});
