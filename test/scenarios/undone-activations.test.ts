import { describe, expect, test } from '@jest/globals';
import type { Finding } from '../../action/src/domain/results.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, ALL_PAUSED, diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

const commandOf = ({ findings }: { readonly findings: readonly Finding[] }) =>
  findings.flatMap(({ command }) => (command ? [command.inputs] : []))[0];

const diesOrdering = {
  mishap: ({ key }: { key: string }) => (key.includes(DAG_IDS.activate) ? 'kill after' : undefined),
} as const;

describe('When the row of the new side is lost right after its activation, and the run died that had ordered it', () => {
  test('then the printed command activates it again', async () => {
    const story = await MoveStory.running();
    const west = story.universe.airflow(WEST);
    west.onActivated = () => {
      west.onActivated = () => undefined;
      story.universe.clock.after(500, () => {
        west.loseRow();
      });
    };
    await story.killed(forced(TO_WEST), diesOrdering);
    await story.minutes(30);
    expect(story.roles).toBe('standby 1, standby 0');
    await story.failover({ ...commandOf(await story.check()) });
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
  }, 60_000);
});

describe('When a move is finished at a side that a later move has paused', () => {
  test('then its end is red and says that every DAG is paused', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesOrdering);
    await story.minutes(20);
    const heal = story.universe.fault({ service: 's3', quality: 'dark', region: WEST, observer: 'outside' });
    story.universe.cut();
    await story.force(HOME);
    expect(story.dagsOf(WEST)).toEqual(ALL_PAUSED);
    story.universe.lose(EAST);
    heal();
    await story.minutes(30);
    const result = await story.failover({ ...commandOf(await story.check({ wait: '1500' })) });
    expect(result).toMatchObject({ resumed: true, firstBeat: { unpausedUserDags: 0 } });
    expect(exitOf(result, 'unhealthy')).toEqual({
      code: 1,
      line: 'example is active in us-west-2, with every DAG paused',
    });
  }, 60_000);
});

describe('When an active site loses its row while its own bucket denies it', () => {
  test('then the old record of its peer does not make it a standby', async () => {
    const story = await MoveStory.movedToWest();
    await story.minutes(25);
    const heal = story.universe.fault({ service: 's3', quality: 'denied', region: WEST, observer: WEST });
    await story.minutes(3);
    story.universe.airflow(WEST).loseRow();
    story.universe.bringBack(EAST);
    await story.minutes(10);
    heal();
    await story.minutes(10);
    await story.check();
    await story.minutes(5);
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
  });
});

describe("When a site's own snapshots are not wrapped by the key of the other side, which is lost", () => {
  test('then the way home is open all the same', async () => {
    const story = await MoveStory.running();
    story.universe.fault({ service: 'kms', quality: 'dark', region: WEST, observer: EAST });
    await story.minutes(40);
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    await story.minutes(3);
    story.universe.lose(WEST);
    await story.minutes(30);
    const command = commandOf(await story.check({ wait: '1500' }));
    expect(command).toMatchObject({ target: EAST });
    await story.failover({ ...command });
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 2, standby 0', AT_WORK]);
  }, 60_000);
});
