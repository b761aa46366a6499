import { describe, expect, test } from '@jest/globals';
import { readSnapshotId } from '../../action/src/domain/manifest.ts';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { ALL_PAUSED, AT_WORK, HOME, MoveStory, TO_WEST } from './move-story.ts';

/** EAST was active. Somebody deleted its environment; half an hour later there is one of that name again, empty. */
async function madeAnew(alsoBefore: (story: MoveStory) => void = () => undefined) {
  const story = await MoveStory.running();
  const east = story.universe.airflow(EAST);
  const snapshots = story.snapshots(EAST);
  const last = snapshots.at(-1) ?? '';
  const runs = runsOf(story, EAST).filter((runId) => startOf(runId) <= (readSnapshotId(last)?.at ?? 0));
  alsoBefore(story);
  east.goDown();
  await story.minutes(30);
  east.loseAll();
  east.comeUp();
  await story.minutes(25);
  return { story, good: { snapshots, last, runs } };
}

const startOf = (runId: string): number => Date.parse(runId.replace('scheduled__', ''));

const runsOf = (story: MoveStory, region: string): readonly string[] =>
  story.universe.airflow(region).runs.map(({ runId }) => runId);

describe('When the active environment is deleted and made anew, with an empty database', () => {
  test('then nobody is active, the check is red, and no snapshot is taken of what is empty', async () => {
    const { story, good } = await madeAnew();
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['standby 0, standby 0', ALL_PAUSED]);
    const checked = await story.check();
    expect(exitOf(checked, 'unhealthy').code).toBe(1);
    const command = { operation: 'failover', inputs: { target: EAST } };
    expect(checked.findings).toContainEqual(expect.objectContaining({ name: 'nobody-active' }));
    expect(checked.findings.find(({ name }) => name === 'nobody-active')).toMatchObject({ command });
    expect(await story.status()).toMatchObject({ nobodyActive: true });
    await story.minutes(60);
    expect([EAST, WEST].map((region) => story.snapshots(region))).toEqual([good.snapshots, good.snapshots]);
  });

  /** Runs and pauses of the last good snapshot are at work at the site, and nothing ran twice. */
  async function bringsAllBack(to: string, roles: string, command: Readonly<Record<string, string>> | undefined) {
    const { story, good } = await madeAnew();
    const printed = (await story.check()).findings.find(({ name }) => name === 'nobody-active')?.command?.inputs;
    const counted = story.count();
    const moved = await story.failover(command ?? printed);
    expect(moved).toMatchObject({ to, loss: { snapshot: { id: good.last } } });
    expect([story.roles, story.dagsOf(to)]).toEqual([roles, AT_WORK]);
    expect(good.runs.length).toBeGreaterThan(50);
    expect(runsOf(story, to)).toEqual(expect.arrayContaining([...good.runs]));
    await story.minutes(25);
    expect(await story.check()).toMatchObject({ verdict: { key: 'HEALTHY' }, active: to });
    expect(counted.both).toBe(0);
  }

  test('then the printed failover to that very site brings back what the last good snapshot has', async () => {
    await bringsAllBack(EAST, 'active 2, standby 2', undefined);
  });

  test('then so does a failover to the other site', async () => {
    await bringsAllBack(WEST, 'standby 1, active 1', TO_WEST);
  });

  test.each<[string, (story: MoveStory) => void]>([
    ['is in a change', ({ universe }) => void (universe.airflow(EAST).status = 'MAINTENANCE')],
    ['runs a newer Airflow', ({ universe }) => void (universe.airflow(EAST).version = '3.9.9')],
    ['has its activation paused', ({ universe }) => void universe.airflow(EAST).drDags.set(DAG_IDS.activate, true)],
    [
      'does not answer by its REST API',
      ({ universe }) =>
        void universe.fault({ service: 'airflow-env', quality: 'dark', region: EAST, observer: 'outside' }),
    ],
    [
      'denies us GetEnvironment',
      ({ universe }) =>
        void universe.fault({ service: 'airflow-api', quality: 'denied', region: EAST, observer: 'outside' }),
    ],
    [
      'denies us its REST API',
      ({ universe }) =>
        void universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST, observer: 'outside' }),
    ],
  ])('then the printed failover goes to the other site where the new one %s', async (_, spoil) => {
    const { story } = await madeAnew();
    spoil(story);
    await story.minutes(3);
    const printed = (await story.check()).findings.find(({ name }) => name === 'nobody-active')?.command?.inputs;
    expect((await story.status()).findings[0]?.command?.inputs).toMatchObject({ target: WEST });
    await story.failover({ ...printed, wait: '1500' });
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
  });

  test('then the same again after the failover, as the rule goes by the lineage that came of it', async () => {
    const { story } = await madeAnew();
    await story.failover(HOME);
    await story.minutes(25);
    const last = story.snapshots(EAST).at(-1);
    const east = story.universe.airflow(EAST);
    east.loseAll();
    await story.minutes(25);
    expect(story.roles).toBe('standby 2, standby 2');
    expect(await story.failover(HOME)).toMatchObject({ epoch: 4, loss: { snapshot: { id: last } } });
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 4, standby 4', AT_WORK]);
  });
});

describe('When the active site lost its row', () => {
  test('then it is active as before, if that is all that it lost', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).loseRow();
    await story.minutes(5);
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 0, standby 0', AT_WORK]);
    expect(await story.check()).toMatchObject({ verdict: { key: 'HEALTHY' }, active: EAST });
  });

  test('then also after a failover, where its ids are those of the other site', async () => {
    const story = await MoveStory.movedToWest();
    await story.minutes(25);
    story.universe.airflow(WEST).loseRow();
    await story.minutes(5);
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['active 0, active 1', AT_WORK]); // EAST is lost still
  });

  test('then a manifest that cannot be read makes no standby of it', async () => {
    const { story } = await madeAnew((before) => {
      const newest = before.snapshots(EAST).at(-1) ?? '';
      before.universe.s3(EAST).put(before.universe.bucket(EAST), keys.manifest('example', newest), '{', 'any');
    });
    expect(story.roles).toBe('active 0, standby 0');
  });
});
