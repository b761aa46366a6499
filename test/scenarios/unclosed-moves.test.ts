import { describe, expect, test } from '@jest/globals';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import type { CheckResult } from '../../action/src/domain/results.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { diesAfter, MoveStory, TO_WEST } from './move-story.ts';

const commandOf = ({ findings }: Pick<CheckResult, 'findings'>) =>
  findings.flatMap(({ command }) => (command ? [command.inputs] : []))[0];

async function madeAnew(story: MoveStory, region: string): Promise<void> {
  const airflow = story.universe.airflow(region);
  airflow.goDown();
  await story.minutes(30);
  airflow.loseAll();
  airflow.comeUp();
  await story.minutes(30);
}

describe('When a new side is made anew before its move was closed', () => {
  test.each(['its first beat came late', 'its run was killed', 'its run was killed when all was ordered'])(
    'then another move restores what it saved (%s)',
    async (how) => {
      const story = await MoveStory.onTheBadDay();
      const west = story.universe.airflow(WEST);
      if (how === 'its run was killed') await story.killed(TO_WEST, diesAfter('activated'));
      else if (how === 'its first beat came late') {
        west.onActivated = () => void west.starved.add(DAG_IDS.canary);
        await story.failover(TO_WEST).catch(() => undefined);
        west.starved.clear();
        west.onActivated = () => undefined;
      } else
        await story.killed(TO_WEST, {
          mishap: ({ key }) => (key.includes(DAG_IDS.activate) ? 'kill after' : undefined),
        });
      await story.minutes(30);
      expect(story.roles).toBe('active 0, active 1');
      await madeAnew(story, WEST);
      const check = await story.check({ wait: '1500' });
      expect(check.findings.map(({ name }) => name)).toEqual(['nobody-active']);
      expect(commandOf(await story.status())).toEqual(commandOf(check));
      await story.failover({ ...commandOf(check) });
      expect(story.roles).toContain('active 3');
    },
  );
});

test('When nobody is active the command leads to a side whose environment can be used', async () => {
  const story = await MoveStory.running();
  await madeAnew(story, EAST);
  const east = story.universe.airflow(EAST);
  east.status = 'UNAVAILABLE';
  east.goDown();
  await story.minutes(1);
  const check = await story.check({ wait: '1500' });
  expect(check.findings.map(({ name }) => name)).toContain('nobody-active');
  expect(commandOf(check)).toMatchObject({ target: WEST });
  expect(commandOf(await story.status())).toEqual(commandOf(check));
  expect(await story.failover({ ...commandOf(check) })).toMatchObject({ to: WEST });
});
