import { describe, expect, test } from '@jest/globals';
import type { Call, ProcessOptions } from '../doubles/process.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';
import { ALL_PAUSED, AT_WORK, diesAfter, forced, MoveStory, TO_WEST } from './move-story.ts';

const FORCED = { ...FAILOVER, override: 'force' } as const;

/** EAST works on, but its canary is paused by hand. */
async function withoutACanary(): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  story.universe.airflow(EAST).beat = () => undefined;
  await story.minutes(10);
  return story;
}

describe('A forced failover away from a Region that shows life', () => {
  test('is refused when neither its canary nor a REST call can fence it, before anything is touched', async () => {
    const story = await withoutACanary();
    story.universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST });
    const before = story.everythingIn(WEST, 'control/') + story.everythingIn(EAST, 'control/');
    const error = await story.refusal('failover', FORCED);
    expect(error.code).toBe('MDR-MOVE-VERDICT');
    expect(error.message).toContain('cannot be fenced');
    expect(story.everythingIn(WEST, 'control/') + story.everythingIn(EAST, 'control/')).toBe(before);
    expect([story.universe.airflow(EAST).role, story.universe.airflow(WEST).role]).toEqual(['active', 'standby']);
  });

  test('goes on when a REST call can', async () => {
    const story = await withoutACanary();
    expect(await story.failover(FORCED)).toMatchObject({ fence: 'paused', epoch: 1 });
  });

  test('goes on when its canary can', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST });
    expect(await story.failover(FORCED)).toMatchObject({ fence: 'stopped', epoch: 1 });
  });

  test('goes on when its environment was deleted: there is nothing left to fence', async () => {
    const story = await withoutACanary();
    story.universe.airflow(EAST).status = 'DELETED';
    story.universe.fault({ service: 'airflow-env', quality: 'dark', region: EAST });
    expect(await story.failover(FORCED)).toMatchObject({ fence: 'unproven', epoch: 1 });
  });

  test('goes on when the Region is dark, and owes the fence', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    expect(await story.failover(FORCED)).toMatchObject({ fence: 'unproven', epoch: 1 });
  });
});

describe('The DAGs that a move pauses by REST', () => {
  const isNote = ({ operation, key }: Call) => operation === 'PutObject' && key.includes('/pauses-');
  const isPause = ({ key }: Call) => key.startsWith('PATCH dags/');
  const dagsOf = (story: Story) => Object.fromEntries(story.universe.airflow(EAST).dags);

  test('stand in the journals of both sides, by name, before the first of them is paused', async () => {
    const story = await withoutACanary();
    const calls: Call[] = [];
    let written: unknown;
    const watch = (call: Call) => {
      if (isNote(call) || isPause(call)) calls.push(call);
      const note = calls[0]?.key ?? '';
      if (isPause(call)) written ??= story.universe.s3(WEST).json(story.universe.bucket(WEST), note);
    };
    await story.failover(FORCED, story.process({ watch }));
    expect(calls.map((call) => (isNote(call) ? `note in ${call.region}` : call.key))).toEqual([
      `note in ${WEST}`,
      `note in ${EAST}`,
      'PATCH dags/invoices',
      'PATCH dags/orders',
    ]);
    expect(written).toMatchObject({ deployment: 'example', site: EAST, dags: ['invoices', 'orders'] });
  });

  test('stay as they are when it is not certain that they stand there, and the fence is owed', async () => {
    const story = await withoutACanary();
    const runner = story.process({ mishap: (call) => (isNote(call) ? 'lose reply' : undefined) });
    expect(await story.failover(FORCED, runner)).toMatchObject({ fence: 'unproven', debts: [{ kind: 'fence' }] });
    expect(dagsOf(story)).toEqual(AT_WORK);
  });
});

describe('When the old side takes snapshots on after a move that was killed has paused its DAGs by REST', () => {
  const secondPause = (call: Call) => (call.key === 'PATCH dags/orders' ? 'kill before' : undefined);

  /** EAST reads of no other epoch, and its canary is not seen to beat. The move has paused its DAGs by REST, and is dead. */
  async function pausedAndDead(options: Partial<ProcessOptions> = diesAfter('fenced')): Promise<MoveStory> {
    const story = await MoveStory.running();
    story.universe.fault({ service: 's3', quality: 'denied', region: WEST, observer: EAST });
    story.universe.fault({ service: 's3', quality: 'denied', region: EAST, observer: 'outside' });
    await story.killed(forced(TO_WEST), options);
    await story.minutes(12);
    return story;
  }

  test.each([
    ['all of them', undefined, ALL_PAUSED],
    ['some of them', { mishap: secondPause }, { ...ALL_PAUSED, orders: false }],
  ])('(%s) then it takes the newest of these, and they are at work at the target', async (_, options, paused) => {
    const story = await pausedAndDead(options);
    expect(story.dagsOf(EAST)).toEqual(paused);
    const newest = story.snapshots(WEST).at(-1) ?? '';
    const { loss } = await story.failover(TO_WEST);
    expect(loss.snapshot.id >= newest).toBe(true);
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
  });

  test('then the newest one counts again when a person has unpaused them there', async () => {
    const story = await pausedAndDead();
    for (const dagId of ['invoices', 'orders']) story.universe.airflow(EAST).dags.set(dagId, false);
    await story.minutes(10);
    const newest = story.snapshots(WEST).at(-1) ?? '';
    expect(await story.failover(TO_WEST)).toMatchObject({ loss: { snapshot: { id: newest } } });
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
  });

  test('then they are at work, too, when a person chooses such a snapshot', async () => {
    const story = await pausedAndDead();
    const newest = story.snapshots(WEST).at(-1) ?? '';
    await story.failover({ ...TO_WEST, snapshot: newest });
    expect(story.control(WEST).activated.snapshot).toBe(newest);
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
  });
});
