import { describe, expect, test } from '@jest/globals';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, forced, HOME, MoveStory, notes, TO_WEST } from './move-story.ts';

/** A forced move to WEST is in its claim; a second runner wants to go home, and cannot read WEST's bucket. */
async function twoRunners(quality: 'denied' | 'throttled') {
  const story = await MoveStory.running();
  const seconds = story.count();
  const first = story.force(TO_WEST).then(
    ({ epoch }) => epoch,
    (error: unknown) => error,
  );
  while (story.control(WEST).phase !== 'claimed') await story.universe.clock.sleep(1_000);
  const second = story.process();
  story.universe.fault({ service: 's3', quality, region: WEST, observer: second.actor });
  return { story, seconds, first, second };
}

describe('When a move is under way, and a runner to whom its record is hidden wants to move back', () => {
  test.each([
    ['denied', 'MDR-AWS-DENIED'],
    ['throttled', 'MDR-AWS-THROTTLED'],
  ] as const)('(%s) then it is refused at once: another run may have claimed there', async (quality, code) => {
    const { story, seconds, first, second } = await twoRunners(quality);
    const error = await story.refusal('failover', HOME, second);
    expect(error).toMatchObject({ code, state: 'nothing was touched' });
    expect(error.message).toContain('Another run may have claimed there');
    expect(await first).toBe(1);
    expect([story.roles, story.dagsOf(WEST), seconds.both]).toEqual(['standby 1, active 1', AT_WORK, 0]);
  });

  test.each(['denied', 'throttled'] as const)(
    '(%s) then it is refused with force, too: its own record tells of the claim',
    async (quality) => {
      const { story, seconds, first, second } = await twoRunners(quality);
      while (story.control(EAST).phase !== 'claimed') await story.universe.clock.sleep(1_000);
      expect(await story.refusal('failover', forced(HOME), second)).toMatchObject({
        code: 'MDR-MOVE-OTHER',
        state: 'nothing was touched',
      });
      expect(await first).toBe(1);
      await story.minutes(10);
      expect([story.roles, seconds.both]).toEqual(['standby 1, active 1', 0]);
    },
  );
});

describe('When the record of the other side is hidden at the beginning of a move only', () => {
  test.each(['denied', 'throttled'] as const)(
    '(%s) then its lease is held there as soon as that can be had, and another runner does not force its way past it',
    async (quality) => {
      const story = await MoveStory.running();
      const [away, home] = [story.process(), story.process()];
      story.universe.fault({ service: 's3', quality, region: EAST, observer: away.actor });
      story.universe.airflow(WEST).starved.add(DAG_IDS.activate);
      const first = story.force(TO_WEST, away).then(
        ({ epoch }) => epoch,
        (error: unknown) => error,
      );
      while (story.control(WEST).phase !== 'claimed') await story.universe.clock.sleep(1_000);
      story.universe.faults.clear();
      await story.minutes(2);
      story.universe.fault({ service: 's3', quality, region: WEST, observer: home.actor });
      expect(await story.refusal('failover', forced(HOME), home)).toMatchObject({
        code: 'MDR-LEASE-HELD',
        state: 'nothing was touched',
      });
      story.universe.airflow(WEST).starved.clear();
      expect(await first).toBe(1);
      expect([story.control(EAST).lease, story.control(WEST).lease]).toEqual([null, null]);
    },
  );
});

describe('When two runners force opposite moves, and the record of the other side is hidden to each', () => {
  test.each(['denied', 'throttled'] as const)(
    '(%s) then the higher epoch wins, since each activation looks at both records itself',
    async (quality) => {
      const story = await MoveStory.running();
      const seconds = story.count();
      const west = story.universe.airflow(WEST);
      const [away, home] = [story.process(), story.process()];
      story.universe.fault({ service: 's3', quality, region: EAST, observer: away.actor });
      story.universe.fault({ service: 's3', quality, region: WEST, observer: home.actor });
      west.starved.add(DAG_IDS.activate);
      const first = story.refusal('failover', forced(TO_WEST), away);
      while (story.universe.airflow(EAST).role !== 'standby') await story.universe.clock.sleep(1_000);
      await story.minutes(1);
      west.starved.add(DAG_IDS.canary);
      const result = await story.force(HOME, home);
      expect(result).toMatchObject({
        epoch: 2,
        to: EAST,
        debts: [
          { kind: 'claim', site: WEST },
          { kind: 'fence', site: WEST },
        ],
      });
      expect(home.lines.join('\n')).toContain(`forced: the control record of ${WEST} stays unread`);
      // Its activation starts before its canary can learn of the higher epoch.
      west.starved.delete(DAG_IDS.activate);
      expect(await first).toMatchObject({ code: 'MDR-MOVE-SUPERSEDED' });
      expect(story.roles).toBe('active 2, standby 0');
      west.starved.clear();
      await story.minutes(10);
      expect(seconds.both).toBe(0);
      expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 2, standby 2', AT_WORK]);
      expect(west.started).toEqual([]);
    },
  );
});

/** The S3 of a lost Region answers again, and refuses; nothing else of it does. */
function refusesAgain(story: MoveStory, region: string, quality: 'denied' | 'throttled'): void {
  for (const service of ['airflow-api', 'airflow-env', 'cloudwatch', 'sts', 'kms'] as const)
    story.universe.fault({ service, quality: 'dark', region });
  story.universe.fault({ service: 's3', quality, region });
  story.universe.bringBack(region);
  story.universe.airflow(region).goDown();
}

describe('When the record of the lost side is hidden, no longer dark, once the target has restored', () => {
  test.each([
    ['denied', 'MDR-AWS-DENIED'],
    ['throttled', 'MDR-AWS-THROTTLED'],
  ] as const)('(%s) then the move claims nothing: another run may have claimed there', async (quality, code) => {
    const story = await MoveStory.onTheBadDay();
    const runner = story.process({
      mishap: (call) => {
        if (notes('prepared')(call)) refusesAgain(story, EAST, quality);
        return undefined;
      },
    });
    expect(await story.refusal('failover', TO_WEST, runner)).toMatchObject({ code });
    expect(story.control(WEST)).toMatchObject({ epoch: 0, move: null, lease: null });
    expect(story.journal(WEST)).toEqual(['0001.json', '0002.json']);
    expect(story.roles).toBe('active 0, standby 0');
  });
});
