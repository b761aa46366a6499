import { describe, expect, jest, test } from '@jest/globals';
import type { Service } from '../../action/src/domain/faults.ts';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { AT_WORK, diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';
import { ModelSite } from '../doubles/model-site.ts';
import { EAST, WEST } from '../doubles/story.ts';

const honest = Object.getOwnPropertyDescriptor(ModelSite.prototype, 'record')?.value as ModelSite['record'];

const SERVICES: readonly Service[] = ['airflow-api', 'airflow-env', 'cloudwatch', 's3', 'kms', 'sts'];

/** EAST works; we cannot reach it, and its canary says nothing. */
async function unseen() {
  const story = await MoveStory.running();
  for (const service of SERVICES) story.universe.fault({ service, quality: 'dark', region: EAST, observer: 'outside' });
  story.universe.airflow(EAST).drDags.set(DAG_IDS.canary, true);
  return story;
}

describe('When a Region that we cannot reach is read by the standby at each beat', () => {
  test('then it is not lost, and no move leaves it unforced', async () => {
    const story = await unseen();
    const { verdict } = await story.check({ wait: '1800' });
    expect(verdict.key).toBe('UNKNOWN');
    expect(await story.refusal('failover', TO_WEST)).toMatchObject({ code: 'MDR-MOVE-VERDICT' });
    expect(story.roles).toBe('active 0, standby 0');
  });

  test('and it is lost once that cannot read it, either', async () => {
    const story = await unseen();
    story.universe.lose(EAST);
    expect((await story.check({ wait: '1800' })).verdict.key).toBe('UNHEALTHY(region)');
  });
});

describe('When a site that is lost had worked on without a beat', () => {
  test('for an hour, as it took a snapshot then, then nobody says how much is lost at most', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).drDags.set(DAG_IDS.canary, true);
    await story.minutes(68);
    await story.loses(EAST);
    const moved = await story.failover(TO_WEST);
    expect([moved.loss.lostSeconds, moved.rpo.measuredSeconds]).toEqual([null, null]);
  }, 60_000);

  test('and without a snapshot, as our own readings saw, then neither', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.starved.add(DAG_IDS.canary).add(DAG_IDS.snapshot);
    for (let count = 0; count < 4; count += 1) {
      await story.minutes(15);
      await story.check({});
    }
    await story.loses(EAST);
    const runner = story.process();
    const moved = await story.failover(TO_WEST, runner);
    expect([moved.loss.lostSeconds, moved.rpo.measuredSeconds]).toEqual([null, null]);
    expect(runner.lines.join('\n')).toContain('lost: what happened in an unknown time after it');
  }, 60_000);
});

describe('When a target can never do what a move needs', () => {
  test('since its role may not read its own record, then it is not claimed for', async () => {
    const story = await MoveStory.running();
    const read = jest.spyOn(ModelSite.prototype, 'record').mockImplementation(function (this: ModelSite, of) {
      return this.index === 1 && of === 1 ? { quality: 'denied' } : honest.call(this, of);
    });
    await story.minutes(10);
    const before = story.everything;
    const refusal = await story.refusal('failover', forced(TO_WEST));
    read.mockRestore();
    expect(refusal).toMatchObject({ code: 'MDR-TARGET-UNREADY' });
    expect(refusal.message).toContain('may not read its own control record');
    expect(story.everything).toBe(before);
  });

  test('since somebody pauses its DAG after the claim, then the error says so, and the same command leads on', async () => {
    const story = await MoveStory.onTheBadDay();
    await story.killed(TO_WEST, diesAfter('claimed'));
    const west = story.universe.airflow(WEST);
    west.drDags.set(DAG_IDS.activate, true);
    const refusal = await story.refusal('failover', TO_WEST);
    expect(refusal.code).toBe('MDR-TARGET-UNREADY');
    expect(refusal.fix).toContain('Unpause mwaadr_activate');
    west.drDags.set(DAG_IDS.activate, false);
    expect(await story.failover(TO_WEST)).toMatchObject({ epoch: 1 });
  });

  test('since its environment became unusable after the claim, then the printed command brings the old side back', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    const west = story.universe.airflow(WEST);
    west.status = 'UNAVAILABLE';
    west.up = false;
    await story.minutes(20);
    const refusal = await story.refusal('failover', TO_WEST);
    expect(refusal.code).toBe('MDR-TARGET-UNREADY');
    expect(refusal.message).toContain('is UNAVAILABLE');
    await story.minutes(20);
    const [finding] = (await story.check()).findings;
    expect(finding?.command?.inputs).toMatchObject({ target: EAST, override: 'force' });
    expect(await story.failover({ ...finding?.command?.inputs })).toMatchObject({ epoch: 2, to: EAST });
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 2, standby 0', AT_WORK]);

    west.status = 'AVAILABLE';
    west.up = true;
    await story.minutes(30);
    expect(story.roles).toBe('active 2, standby 2');
    expect(await story.refusal('failover', HOME)).toMatchObject({ code: 'MDR-MOVE-SAME-SITE' });
  });
});

describe('When a canary is paused by a person, and nothing else is wrong', () => {
  test.each([
    [EAST, 'canary-silent'],
    [WEST, 'standby-unready'],
  ])('(%s) then the health workflow is red, and says where to look', async (region, name) => {
    const story = await MoveStory.running();
    story.universe.airflow(region).drDags.set(DAG_IDS.canary, true);
    await story.minutes(30);
    const check = await story.check({ wait: '1500' });
    expect(check.verdict.key).toBe('DEGRADED');
    expect(check.findings.map((finding) => finding.name)).toEqual([name]);
    expect(check.findings[0]?.message).toContain(`Airflow of example-${region}`);
    expect(exitOf(check, 'unhealthy').code).toBe(1);
    story.universe.airflow(region).drDags.set(DAG_IDS.canary, false);
    await story.minutes(10);
    expect((await story.check({ wait: '1500' })).findings).toEqual([]);
  });
});
