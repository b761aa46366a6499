import { describe, expect, test } from '@jest/globals';
import type { ControlRecord } from '../../action/src/domain/control-record.ts';
import { keys } from '../../action/src/domain/names.ts';
import { Universe } from '../doubles/universe.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';
import { forced, MoveStory, notes, TO_WEST } from './move-story.ts';

async function onTheBadDay(universe = new Universe()): Promise<Story> {
  const story = await Story.ofARunningDeployment(universe);
  story.universe.lose(EAST);
  await story.check({ wait: '1800' });
  return story;
}

/** Writes into a control record behind the back of whoever holds its lease. */
function rewrite(story: Story, region: string, change: (record: ControlRecord) => ControlRecord): void {
  const body = JSON.stringify({ ...change(story.control(region)), nonce: 'foreign' });
  story.universe.s3(region).put(story.universe.bucket(region), keys.control('example'), body, 'any');
}

/** Runs a failover, and lets something happen when it first writes an object whose key ends so. */
function failoverWith(story: Story, entry: string, happens: () => void) {
  let done = false;
  const process = story.process({
    mishap: ({ operation, key }) => {
      if (!done && operation === 'PutObject' && key.endsWith(entry)) {
        done = true;
        happens();
      }
      return undefined;
    },
  });
  return story.refusal('failover', FAILOVER, process);
}

describe('A failover that a higher epoch has overtaken', () => {
  test.each(['0001.json', '0002.json'])('after entry %s is void and withdrawn', async (entry) => {
    const story = await onTheBadDay();
    const error = await failoverWith(story, entry, () => {
      rewrite(story, WEST, (record) => ({ ...record, epoch: 2, activated: { ...record.activated, epoch: 2 } }));
    });
    expect(error.code).toBe('MDR-MOVE-SUPERSEDED');
    expect(story.control(WEST)).toMatchObject({ epoch: 2, move: null, lease: null });
    expect(story.universe.airflow(WEST)).toMatchObject({ role: 'standby', epoch: 0 });
  });

  test('only at the target itself changes nothing there; its claim stays, and the next move lies above it', async () => {
    const story = await onTheBadDay();
    const west = story.universe.airflow(WEST);
    const error = await failoverWith(story, '0005.json', () => {
      west.epoch = 2;
    });
    expect(error.code).toBe('MDR-MOVE-SUPERSEDED');
    expect(west.role).toBe('standby');
    expect(story.control(WEST)).toMatchObject({ epoch: 1, phase: 'claimed', move: { epoch: 1 } });
    await story.minutes(5);
    expect(await story.failover()).toMatchObject({ epoch: 3, resumed: false });
  });
});

describe('A failover that a higher epoch overtakes after its activation', () => {
  test.each([
    ['activated', ['0001', '0002', '0003', '0004', '0005', '0006']],
    ['confirmed', ['0001', '0002', '0003', '0004', '0005', '0006', '0007']],
  ] as const)('(when the journal says %s) says so, goes no further and leaves no evidence', async (step, entries) => {
    const story = await MoveStory.running();
    const takeOver = () => {
      story.rewrite(EAST, (record) => {
        const activated = { site: EAST, epoch: 2, at: '2026-11-24T10:32:00Z', snapshot: null };
        return { ...record, epoch: 2, phase: 'activated', activated, move: null };
      });
    };
    const runner = story.process({
      mishap: (call) => {
        if (notes(step)(call)) takeOver();
        return undefined;
      },
    });
    expect(await story.refusal('failover', forced(TO_WEST), runner)).toMatchObject({ code: 'MDR-MOVE-SUPERSEDED' });
    expect(story.journal(WEST)).toEqual(entries.map((entry) => `${entry}.json`));
    expect(story.everythingIn(WEST, 'evidence/')).toBe('');
    expect(story.control(WEST)).toMatchObject({ move: null, lease: null });
    expect(story.control(EAST)).toMatchObject({ epoch: 2, phase: 'activated', activated: { epoch: 2 } });
  });
});

describe('A failover whose plan was made before another move ended', () => {
  test('does not act upon it', async () => {
    const story = await onTheBadDay();
    const error = await failoverWith(story, 'control/example.json', () => {
      rewrite(story, WEST, (record) => ({ ...record, epoch: 2, activated: { ...record.activated, epoch: 2 } }));
    });
    expect(error).toMatchObject({ code: 'MDR-CONTROL-CONFLICT' });
    expect(story.journal(WEST)).toEqual([]);
  });
});

describe('A target that only claims to be activated', () => {
  test('is not believed before its canary says active', async () => {
    const story = await onTheBadDay();
    const west = story.universe.airflow(WEST);
    const error = await failoverWith(story, '0005.json', () => {
      west.spoiled.set('mwaadr_activate', { outcome: 'done' });
      west.epoch = 1;
    });
    expect(error.code).toBe('MDR-TIMEOUT');
    expect(story.control(WEST)).toMatchObject({ move: { step: 'activated' } });
  });
});

describe('A failover whose lease was taken away', () => {
  test.each(['0001.json', '0003.json', '0005.json'])('when entry %s is written stops there', async (entry) => {
    const story = await onTheBadDay();
    const error = await failoverWith(story, entry, () => {
      rewrite(story, WEST, (record) => ({ ...record, lease: null }));
    });
    expect(error.code).toBe('MDR-LEASE-LOST');
    const again = await story.failover();
    expect(again).toMatchObject({ epoch: 1, to: WEST });
  });
});

describe('A failover whose lease another run has taken over in the record of the other side alone', () => {
  test.each(['planned', 'prepared', 'rechecked'] as const)('(at %s) claims nothing', async (step) => {
    const story = await MoveStory.running();
    const runner = story.process({
      mishap: (call) => {
        if (notes(step)(call))
          story.rewrite(EAST, ({ lease, ...record }) => ({ ...record, lease: { ...lease, nonce: 'another run' } }));
        return undefined;
      },
    });
    expect(await story.refusal('failover', forced(TO_WEST), runner)).toMatchObject({ code: 'MDR-LEASE-LOST' });
    expect(story.control(WEST)).toMatchObject({ epoch: 0, move: null, lease: null });
    expect(story.control(EAST)).toMatchObject({ epoch: 0, lease: { nonce: 'another run' } });
    await story.minutes(5);
    expect(story.roles).toBe('active 0, standby 0');
  });
});

describe('A move that is beyond a step', () => {
  test('but has lost the journal of it says which object is missing', async () => {
    const story = await onTheBadDay();
    story.universe.airflow(WEST).spoiled.set('mwaadr_activate', 'lost');
    await story.refusal('failover', FAILOVER);
    story.universe.airflow(WEST).spoiled.clear();
    const prefix = 'control/example/journal/';
    const s3 = story.universe.s3(WEST);
    const bucket = story.universe.bucket(WEST);
    const first = s3.list(bucket, prefix).find(({ key }) => key.endsWith('0001.json'))?.key ?? '';
    s3.delete(bucket, first);
    const error = await story.refusal('failover', FAILOVER);
    expect(error.code).toBe('MDR-CONTROL-INVALID');
    expect(error.message).toContain('0001.json');
  });
});

describe('Clocks', () => {
  test.each([-600_000, 600_000])('a runner whose clock is %i ms off fails over all the same', async (skew) => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.minutes(20);
    const runner = story.process({ skew });
    expect(await story.failover({ ...FAILOVER, override: 'force' }, runner)).toMatchObject({ epoch: 1 });
  });

  test.each([-600_000, 600_000])('a lease is measured with the clock of S3, which may be %i ms off', async (skew) => {
    const universe = new Universe();
    universe.s3(WEST).skew = skew;
    const story = await onTheBadDay(universe);
    const [first, second] = await Promise.allSettled([story.failover(), story.refusal('failover', FAILOVER)]);
    expect(first).toMatchObject({ status: 'fulfilled' });
    expect(second).toMatchObject({ value: { code: 'MDR-LEASE-HELD' } });
  });
});
