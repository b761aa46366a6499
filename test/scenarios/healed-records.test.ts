import { describe, expect, test } from '@jest/globals';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { ALL_PAUSED, AT_WORK, diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

const KEY = keys.control('example');

const remove = (story: MoveStory, region: string) => {
  story.universe.s3(region).delete(story.universe.bucket(region), KEY);
};

/** What happens to the record of the active site before the lost one has heard of its epoch. */
const MISTAKES: readonly (readonly [string, (story: MoveStory) => unknown])[] = [
  [
    'deleted',
    (story) => {
      remove(story, WEST);
    },
  ],
  ['damaged', (story) => story.universe.s3(WEST).put(story.universe.bucket(WEST), KEY, '{', 'any')],
  [
    'put back to an older version',
    (story) => {
      const { activated } = story.control(EAST);
      story.rewrite(WEST, (record) => ({ ...record, epoch: 0, phase: 'activated', activated, move: null, debts: [] }));
    },
  ],
];

describe("When the winner's record is lost before the side that lost has heard of its epoch", () => {
  test.each(MISTAKES)('(%s) then the next check makes it anew, and the other side stops', async (_, harm) => {
    const story = await MoveStory.movedToWest();
    await story.minutes(12);
    harm(story);
    story.universe.bringBack(EAST);
    await story.minutes(5);
    const { notes } = await story.check();
    expect(notes.join()).toContain(`the control record of ${WEST} was`);
    const both = story.count();
    await story.minutes(15);
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
    expect(both.both).toBeLessThanOrEqual(60);
    expect(story.control(WEST)).toMatchObject({ epoch: 1, phase: 'activated' });
    expect(await story.check()).toMatchObject({ findings: [], notes: [], active: WEST });
    await story.minutes(15);
    expect(await story.force(HOME)).toMatchObject({ epoch: 2, fence: 'stopped' });
  });
});

describe('When somebody edits one field of a control record by hand', () => {
  test.each([
    ['its epoch', WEST, { epoch: 1 }],
    ['its epoch, at the active site', EAST, { epoch: 1 }],
    ['its epoch, two on', WEST, { epoch: 2 }],
    [
      'what was activated',
      WEST,
      { activated: { site: WEST, epoch: 1, at: '2026-11-24T10:20:00.000Z', snapshot: null } },
    ],
  ] as const)('(%s, %s) then the active site works on, and the next check mends it', async (_what, region, edit) => {
    const story = await MoveStory.running();
    story.rewrite(region, (record) => ({ ...record, ...edit }));
    await story.minutes(10);
    const check = await story.check({ wait: '600' });
    expect(check).toMatchObject({ active: EAST, findings: [], epoch: 0 });
    expect(check.notes.join()).toContain(`the control record of ${region} was damaged`);
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 0, standby 0', AT_WORK]);
    expect(await story.force(TO_WEST)).toMatchObject({ epoch: 1, fence: 'stopped' });
  });
});

describe('When the record of the standby is gone', () => {
  test('then check makes it anew before the bad day', async () => {
    const story = await MoveStory.running();
    remove(story, WEST);
    await story.check();
    story.universe.lose(EAST);
    await story.minutes(25);
    expect(await story.failover({ ...TO_WEST, wait: '1800' })).toMatchObject({ epoch: 1 });
  });

  test('and may not be written, then check is red and says what to do', async () => {
    const story = await MoveStory.running();
    remove(story, WEST);
    story.deniesWritesOf(WEST, KEY);
    const check = await story.check();
    expect(check.findings.map(({ name }) => name)).toEqual(['record-lost']);
    expect(check.findings[0]?.message).toContain('a move to us-west-2 may be refused');
    expect(exitOf(check, 'unhealthy').code).toBe(1);
  });
});

describe("When the winner's record is lost while the other Region is, too", () => {
  test.each(MISTAKES)(
    '(%s) then what it owed is owed anew, once the other side is back',
    async (_, harm) => {
      const story = await MoveStory.movedToWest();
      await story.minutes(25);
      harm(story);
      await story.check();
      story.universe.airflow(EAST).starved.add(DAG_IDS.canary);
      story.universe.bringBack(EAST);
      for (let round = 0; round < 3; round += 1) {
        await story.minutes(10);
        await story.check();
      }
      expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
      expect(story.control(EAST)).toMatchObject({ epoch: 1 });
    },
    60_000,
  );

  test('and nothing proves what belongs there, then check is red', async () => {
    const story = await MoveStory.movedToWest();
    await story.minutes(25);
    remove(story, WEST);
    const { findings } = await story.check();
    expect(findings.map(({ name }) => name)).toEqual(['record-lost']);
  });
});

describe('When the record of the side that lost is put back to an older version, and nothing is owed', () => {
  test('then check makes it anew', async () => {
    const story = await MoveStory.running();
    const old = story.control(EAST);
    await story.failover(forced(TO_WEST));
    await story.minutes(25);
    story.rewrite(EAST, () => old);
    await story.minutes(5);
    await story.check();
    expect(story.control(EAST)).toMatchObject({ epoch: 1, phase: 'activated' });
  });
});

describe('When the target of a claimed move loses its record', () => {
  test.each(MISTAKES.slice(0, 2))(
    '(%s) then check brings the claim back, and its command leads on',
    async (_, harm) => {
      const story = await MoveStory.running();
      await story.killed(forced(TO_WEST), diesAfter('fenced'));
      harm(story);
      await story.minutes(20);
      const { findings } = await story.check();
      await story.failover({ ...findings[0]?.command?.inputs });
      expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
    },
  );
});

describe('When a later release has written a record', () => {
  test.each([
    ['for a move of another kind', (move: object) => ({ move: { ...move, kind: 'switchover' } })],
    ['in another schema', () => ({ schemaVersion: 2 })],
  ])('%s, then check leaves it as it is, and says so', async (_, change) => {
    const story = await MoveStory.onTheBadDay();
    await story.killed(TO_WEST, diesAfter('fenced'));
    story.rewrite(WEST, (record) => ({ ...record, ...change(record.move ?? {}) }));
    story.universe.bringBack(EAST);
    await story.minutes(1);
    const { findings } = await story.check();
    expect(story.universe.s3(WEST).json(story.universe.bucket(WEST), KEY)).toMatchObject({
      epoch: 1,
      phase: 'claimed',
    });
    expect(findings.map(({ name, message }) => `${name}: ${message}`).join()).toContain(
      'a later release has written it',
    );
  });
});

describe('When both records are damaged', () => {
  test.each(['one side is active', 'nobody is'])(
    '(%s) then check is red, and judges no site by a guess',
    async (how) => {
      const story = await MoveStory.running();
      if (how === 'nobody is') await story.killed(forced(TO_WEST), diesAfter('fenced'));
      await story.minutes(20);
      for (const region of [EAST, WEST]) story.universe.s3(region).put(story.universe.bucket(region), KEY, '{', 'any');
      await story.minutes(6);
      const check = await story.check();
      expect(check.verdict).toMatchObject({
        key: 'UNKNOWN',
        reason: expect.stringContaining('nobody knows') as unknown,
      });
      expect(check.findings.map(({ name }) => name)).toEqual(['record-lost', 'record-lost']);
    },
  );
});

describe('When neither record can be read by an observer, and the active site is lost', () => {
  test('then check waits, and is red in the end', async () => {
    const story = await MoveStory.running();
    await story.failover(forced(TO_WEST));
    await story.minutes(20);
    story.universe.lose(WEST);
    story.universe.fault({ service: 's3', quality: 'denied', region: EAST, observer: 'outside' });
    const check = await story.check({ wait: '1800' });
    expect([check.verdict.key, exitOf(check, 'unhealthy').code]).toEqual(['UNKNOWN', 1]);
  }, 60_000);
});

describe('When a lease was written by hand that lasts for ever', () => {
  test('then a move does not wait for its end', async () => {
    const story = await MoveStory.onTheBadDay();
    const lease = { holder: 'x', nonce: 'x', purpose: 'failover', expiresAt: '2027-11-24T10:00:00.000Z' };
    story.rewrite(WEST, (record) => ({ ...record, lease }));
    expect(await story.failover(TO_WEST)).toMatchObject({ epoch: 1 });
  });
});

describe('When the clock of a runner is a day behind', () => {
  test('then its lease is not taken for damage', async () => {
    const story = await MoveStory.running();
    await story.failover(forced(TO_WEST), story.process({ skew: -25 * 3_600_000 }));
    expect(story.roles).toBe('standby 1, active 1');
    await story.minutes(20);
    expect((await story.check()).findings).toEqual([]);
  });
});

describe('When check heals the record of a move that had come to its end', () => {
  test('then it asks for nothing more', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('activated'));
    story.universe.s3(WEST).delete(story.universe.bucket(WEST), 'control/example.json');
    await story.minutes(50);
    const { findings, notes } = await story.check({ wait: '1500' });
    expect([findings, notes]).toEqual([[], [expect.stringContaining('the control record of us-west-2 was missing')]]);
    expect((await story.status()).findings).toEqual([]);
  });
});

describe('When another move claims while check pays what an earlier one owes', () => {
  test('then check still says its verdict', async () => {
    const story = await MoveStory.movedToWest();
    await story.minutes(25);
    story.universe.airflow(EAST).starved.add(DAG_IDS.canary);
    story.universe.bringBack(EAST);
    await story.minutes(3);
    const { move } = story.control(EAST);
    const claim = { ...move, id: 'mv-2-aaaaaaaa', kind: 'failover', from: WEST, to: EAST, epoch: 2, snapshot: 'x' };
    const rest = { step: 'claimed', startedAt: '2026-11-24T11:00:00.000Z', reason: 'r', actor: 'a', fence: null };
    const runner = story.process({
      watch: ({ operation, key }) => {
        if (operation !== 'PutObject' || !key.includes('pauses')) return;
        for (const region of [EAST, WEST])
          story.rewrite(region, (record) => ({ ...record, epoch: 2, phase: 'claimed', move: { ...claim, ...rest } }));
      },
    });
    expect(await story.check({}, runner)).toMatchObject({ operation: 'check', active: WEST });
  });
});
