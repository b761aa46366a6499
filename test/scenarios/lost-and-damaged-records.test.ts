import { describe, expect, test } from '@jest/globals';
import { LARGEST_LEAP } from '../../action/src/domain/control-record.ts';
import type { ControlRecord } from '../../action/src/domain/control-record.ts';
import { keys } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

const KEY = keys.control('example');

type Harm = (story: MoveStory, region: string) => void;

const HARMS: readonly (readonly [string, Harm])[] = [
  [
    'deleted',
    (story, region) => {
      story.universe.s3(region).delete(story.universe.bucket(region), KEY);
    },
  ],
  ['cut off in the middle', (story, region) => void put(story, region, '{"x":')],
  [
    'of another deployment',
    (story, region) => {
      story.rewrite(region, (record) => ({ ...record, deployment: 'other' }));
    },
  ],
  [
    'of a far epoch',
    (story, region) => {
      story.rewrite(region, (record) => ({ ...record, epoch: 5_000 }));
    },
  ],
];

const put = (story: MoveStory, region: string, body: string) =>
  story.universe.s3(region).put(story.universe.bucket(region), KEY, body, 'any');

describe('When the record of the site that is left was damaged', () => {
  test.each(HARMS)('(%s) then a move away from it goes on, and makes the record anew', async (_, harm) => {
    const story = await MoveStory.running();
    harm(story, EAST);
    await story.minutes(5);
    expect(story.roles).toBe('active 0, standby 0');
    expect(await story.force(TO_WEST)).toMatchObject({ epoch: 1, fence: 'stopped', debts: [] });
    expect(story.roles).toBe('standby 1, active 1');
    expect(story.control(EAST)).toMatchObject({ site: EAST, epoch: 1, phase: 'activated', move: null, debts: [] });
    await story.minutes(15);
    expect(await story.force(HOME)).toMatchObject({ epoch: 2, to: EAST });
  });

  test.each(HARMS)('(%s) then a check says how the active site is, and status who it is', async (_, harm) => {
    const story = await MoveStory.running();
    harm(story, EAST);
    expect(await story.check()).toMatchObject({ active: EAST, epoch: 0 });
    expect(await story.status()).toMatchObject({ active: EAST, epoch: 0 });
  });

  test.each(HARMS)('(%s) after its claim, then the next run finishes the move', async (_, harm) => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    harm(story, EAST);
    expect(await story.failover(TO_WEST)).toMatchObject({ epoch: 1, resumed: true, debts: [] });
    expect(story.control(EAST)).toMatchObject({ epoch: 1, phase: 'activated' });
  });
});

describe('When the record of the target is damaged', () => {
  test.each([
    ['deleted', 'MDR-NOT-INSTALLED'],
    ['cut off in the middle', 'MDR-CONTROL-INVALID'],
    ['of another deployment', 'MDR-CONTROL-INVALID'],
    ['of a far epoch', 'MDR-CONTROL-INVALID'],
  ] as const)('(%s) then a move to it is refused with what to do, before anything is touched', async (name, code) => {
    const story = await MoveStory.running();
    HARMS.find(([harm]) => harm === name)?.[1](story, WEST);
    const before = story.everything;
    const error = await story.refusal('failover', forced(TO_WEST));
    expect(error).toMatchObject({ code, state: 'nothing was touched' });
    expect(error.fix).toContain('install');
    expect(story.everything).toBe(before);
  });

  test('then one that was deleted comes back by install, and the move goes on', async () => {
    const story = await MoveStory.onTheBadDay();
    story.universe.s3(WEST).delete(story.universe.bucket(WEST), KEY);
    story.universe.bringBack(EAST);
    await story.run('install', {});
    expect(await story.force(TO_WEST)).toMatchObject({ epoch: 1, to: WEST });
  });

  test('then one read of it that fails is asked again', async () => {
    const story = await MoveStory.onTheBadDay();
    let reads = 0;
    const runner = story.process({
      mishap: ({ operation, region, key }) => {
        if (operation !== 'GetObject' || region !== WEST || key !== KEY) return undefined;
        reads += 1;
        return reads === 1 ? 'lose reply' : undefined;
      },
    });
    expect(await story.failover(TO_WEST, runner)).toMatchObject({ epoch: 1 });
    expect(reads).toBeGreaterThan(1);
  });
});

describe('When the record of the target is damaged, and the other Region is lost', () => {
  test.each(HARMS)('(%s) then check still tells, and a failover makes it anew and says so', async (_, harm) => {
    const story = await MoveStory.onTheBadDay();
    harm(story, WEST);
    expect(await story.check()).toMatchObject({ active: EAST, epoch: 0, verdict: { key: 'UNHEALTHY(region)' } });
    const runner = story.process();
    expect(await story.failover(TO_WEST, runner)).toMatchObject({ epoch: 1, resumed: false });
    expect(runner.lines.filter((line) => line.startsWith('warning:')).join('\n')).toContain('was lost: made anew');
    expect(story.roles).toBe('active 0, active 1');
    await story.getsBack(EAST);
    await story.check();
    expect(story.roles).toBe('standby 1, active 1');
    expect(await story.run('install', {})).toMatchObject({ changed: false });
  });

  test.each(HARMS)('(%s) in a later epoch, then the way home lies above it, with the newest work', async (_, harm) => {
    const { story } = await longMoved();
    await story.loses(WEST);
    harm(story, EAST);
    const home = await story.failover(HOME);
    expect(home).toMatchObject({ epoch: 2, to: EAST });
    expect(home.loss.snapshot.id).toContain('-e1-');
    expect(story.dagsOf(EAST)).toEqual(AT_WORK);
  });

  test('then a failover that the verdict does not allow leaves it as it is', async () => {
    const story = await MoveStory.running();
    story.universe.lose(EAST);
    put(story, WEST, '{');
    const before = story.everything;
    expect(await story.refusal('failover', TO_WEST)).toMatchObject({ code: 'MDR-MOVE-VERDICT' });
    expect(story.everything).toBe(before);
  });

  test.each([
    ['no heartbeat', undefined],
    ['a heartbeat of an epoch that nobody is known to be active in', { role: 'standby', epoch: 2 }],
    ['a heartbeat of an epoch that nobody can have come to', { role: 'active', epoch: 5_000 }],
  ])('then %s leaves it open who is active: the refusal names what can be done', async (_, beat) => {
    const story = await MoveStory.onTheBadDay();
    const [s3, bucket] = [story.universe.s3(WEST), story.universe.bucket(WEST)];
    s3.delete(bucket, KEY);
    const own = { ...s3.json(bucket, keys.heartbeat('example', WEST)), ...beat };
    story.universe.airflow(WEST).beat = () => undefined;
    for (const region of [EAST, WEST]) s3.delete(bucket, keys.heartbeat('example', region));
    for (const id of story.snapshots(WEST)) s3.delete(bucket, keys.manifest('example', id));
    if (beat !== undefined) s3.put(bucket, keys.heartbeat('example', WEST), JSON.stringify(own), 'any');
    const error = await story.refusal('failover', forced(TO_WEST));
    expect(error).toMatchObject({ code: 'MDR-NOT-INSTALLED', state: 'nothing was touched' });
    expect(error.fix).toContain('remove the delete marker');
    expect(error.fix).toContain(`once ${EAST} answers`);
  });
});

const FOREIGN = '20260101T000000Z-e999-deadbeef';

/** What an object of that id may hold: none of it was written by an active site. */
const FOREIGN_MANIFESTS: readonly (readonly [string, (own: string) => string])[] = [
  ['is damaged', () => '{'],
  ['is that of a snapshot of ours', (own) => own],
  ['is of another deployment', (own) => rewritten(own, { id: FOREIGN, deployment: 'other' })],
  ['names another epoch than its id', (own) => rewritten(own, { id: FOREIGN })],
  ['names the other site', (own) => rewritten(own, { id: FOREIGN, lineage: { site: EAST, epoch: 999 } })],
  [
    'says so too, but heartbeats and records do not',
    (own) => rewritten(own, { id: FOREIGN, lineage: { site: WEST, epoch: 999 } }),
  ],
];

const rewritten = (manifest: string, change: object): string =>
  JSON.stringify({ ...(JSON.parse(manifest) as object), ...change });

function putSnapshot(story: MoveStory, manifest: (own: string) => string): void {
  const s3 = story.universe.s3(WEST);
  const bucket = story.universe.bucket(WEST);
  const own = s3.get(bucket, keys.manifest('example', story.snapshots(WEST)[0] ?? ''))?.body ?? [];
  s3.put(bucket, keys.manifest('example', FOREIGN), manifest(Buffer.from(own).toString('utf8')), 'any');
}

/** Changes the last heartbeat of EAST in both buckets; its next one takes its place. */
function putBeat(story: MoveStory, change: object): void {
  const key = keys.heartbeat('example', EAST);
  for (const region of [EAST, WEST]) {
    const s3 = story.universe.s3(region);
    const bucket = story.universe.bucket(region);
    s3.put(bucket, key, JSON.stringify({ ...s3.json(bucket, key), ...change }), 'any');
  }
}

describe('When something below snapshots/ is named like a snapshot of the far future', () => {
  test.each(FOREIGN_MANIFESTS)(
    'and its manifest %s, then a move goes on as if it were not there',
    async (_, manifest) => {
      const story = await MoveStory.running();
      putSnapshot(story, manifest);
      expect(await story.force(TO_WEST)).toMatchObject({ epoch: 1 });
      expect(await story.status()).toMatchObject({ active: WEST, epoch: 1, move: undefined, findings: [] });
      await story.minutes(15);
      expect(await story.force(HOME)).toMatchObject({ epoch: 2 });
    },
  );

  test.each(FOREIGN_MANIFESTS)(
    'and its manifest %s, then a move that was killed is gone on with',
    async (_, manifest) => {
      const story = await MoveStory.running();
      await story.killed(forced(TO_WEST), diesAfter('claimed'));
      putSnapshot(story, manifest);
      expect(await story.check()).toMatchObject({ active: EAST, epoch: 1 });
      expect(await story.failover(TO_WEST)).toMatchObject({ epoch: 1, resumed: true });
    },
  );

  test('then no heartbeat that names a high epoch, either, takes a claim out of its record', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    await story.minutes(5);
    putBeat(story, { role: 'active', epoch: 2 });
    expect((await story.refusal('failover', TO_WEST)).code).not.toBe('');
    await story.check();
    expect(story.control(WEST)).toMatchObject({ epoch: 1, phase: 'claimed', move: { epoch: 1 } });
    await story.minutes(5);
    expect(await story.failover(TO_WEST)).toMatchObject({ epoch: 1, resumed: true });
  });

  test('then a row that was lost comes back without it', async () => {
    const story = await MoveStory.movedToWest();
    putSnapshot(story, () => '{');
    story.universe.airflow(WEST).loseRow();
    await story.minutes(5);
    expect(story.roles).toBe('active 0, active 1');
  });
});

describe('When a heartbeat names an epoch that nobody can have come to', () => {
  test('then it is not believed, and moves go on', async () => {
    const story = await MoveStory.running();
    putBeat(story, { epoch: 5_000_000 });
    expect(await story.check()).toMatchObject({ active: EAST, epoch: 0 });
    expect(await story.force(TO_WEST)).toMatchObject({ epoch: 1 });
  });
});

/** WEST is active in epoch 1 and EAST its standby. `before`: the records as they were in epoch 0. */
async function longMoved(): Promise<{ story: MoveStory; before: Readonly<Record<string, ControlRecord>> }> {
  const story = await MoveStory.running();
  const before = { [EAST]: story.control(EAST), [WEST]: story.control(WEST) };
  await story.force(TO_WEST);
  await story.minutes(30);
  return { story, before };
}

describe('When records were rolled back to an old epoch', () => {
  test.each([
    ['that of the active site', [WEST]],
    ['that of the standby', [EAST]],
    ['both', [EAST, WEST]],
  ] as const)('(%s) then heartbeats and snapshots tell who is active, to every operation', async (_, which) => {
    const { story, before } = await longMoved();
    for (const region of which) story.rewrite(region, () => ({ ...before[region], lease: null }));
    await story.minutes(10);
    expect(story.roles).toBe('standby 1, active 1');
    expect(await story.check()).toMatchObject({ active: WEST, epoch: 1 });
    expect(await story.status()).toMatchObject({ active: WEST, epoch: 1 });
    expect(await story.refusal('failover', forced(TO_WEST))).toMatchObject({ code: 'MDR-MOVE-SAME-SITE' });
    const home = await story.force(HOME);
    expect(home).toMatchObject({ epoch: 2, to: EAST });
    expect(home.loss.snapshot.id).toContain('-e1-');
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 2, standby 2', AT_WORK]);
  });
});

describe('When a record claims an epoch of the far future without a move', () => {
  test('then it fences nobody and hides nobody, and the next epoch lies above it', async () => {
    const { story } = await longMoved();
    story.rewrite(EAST, (record) => ({ ...record, epoch: 40, phase: 'claimed' }));
    await story.minutes(10);
    expect(story.roles).toBe('standby 1, active 1');
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
    expect(await story.check()).toMatchObject({ active: WEST, epoch: 1, verdict: { key: 'HEALTHY' } });
    expect(await story.status()).toMatchObject({ active: WEST, epoch: 1, move: undefined });
    expect(await story.refusal('failover', forced(TO_WEST))).toMatchObject({ code: 'MDR-MOVE-SAME-SITE' });
    expect(await story.force(HOME)).toMatchObject({ epoch: 42, to: EAST });
    expect(story.roles).toBe('active 42, standby 42');
  });
});

describe('When a record claims the highest epoch that is possible without a move', () => {
  test('then a move that would lie above it is refused before anything is touched', async () => {
    const story = await MoveStory.running();
    story.rewrite(EAST, (record) => ({ ...record, epoch: LARGEST_LEAP, phase: 'claimed' }));
    const before = [story.control(WEST).move, story.journal(WEST), story.roles, story.dagsOf(EAST)];
    const error = await story.refusal('failover', forced(TO_WEST));
    expect(error).toMatchObject({ code: 'MDR-CONTROL-INVALID', state: 'nothing was touched' });
    expect(error.message).toContain(`the next epoch would be ${LARGEST_LEAP + 1}`);
    expect([story.control(WEST).move, story.journal(WEST), story.roles, story.dagsOf(EAST)]).toEqual(before);
    expect(story.control(WEST)).toMatchObject({ epoch: 0, lease: null });
  });
});
