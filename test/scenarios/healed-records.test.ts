import { describe, expect, test } from '@jest/globals';
import { AwsFault } from '../../action/src/domain/faults.ts';
import { keys } from '../../action/src/domain/names.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, HOME, MoveStory, TO_WEST } from './move-story.ts';

const KEY = keys.control('example');

const denied = new AwsFault({
  quality: 'denied',
  service: 's3',
  region: WEST,
  operation: 'PutObject',
  awsCode: 'AccessDenied',
  message: '',
});

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
    const s3 = story.universe.s3(WEST);
    const put = s3.put.bind(s3);
    s3.put = (bucket, key, ...more) => {
      if (key === KEY) throw denied;
      return put(bucket, key, ...more);
    };
    const check = await story.check();
    expect(check.findings.map(({ name }) => name)).toEqual(['record-lost']);
    expect(check.findings[0]?.message).toContain('a move to us-west-2 would be refused');
    expect(exitOf(check, 'unhealthy').code).toBe(1);
  });
});

describe('When a lease was written by hand that lasts for ever', () => {
  test('then a move does not wait for its end: the record is damage, and is made anew', async () => {
    const story = await MoveStory.onTheBadDay();
    const lease = { holder: 'x', nonce: 'x', purpose: 'failover', expiresAt: '2027-11-24T10:00:00.000Z' };
    story.rewrite(WEST, (record) => ({ ...record, lease }));
    expect(await story.failover(TO_WEST)).toMatchObject({ epoch: 1 });
  });
});
