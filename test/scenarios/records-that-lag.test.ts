import { describe, expect, test } from '@jest/globals';
import type { ControlRecord } from '../../action/src/domain/control-record.ts';
import { readSnapshotId } from '../../action/src/domain/manifest.ts';
import { keys } from '../../action/src/domain/names.ts';
import { mirror } from '../../action/src/operations/debts.ts';
import { sideOf } from '../../action/src/operations/sides.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

const HOME = { ...FAILOVER, target: EAST, reason: 'us-west-2 is gone' } as const;

/** WEST's database is active in epoch 1, but the move was killed before either record said so. */
async function afterAnActivationThatNoRecordTells(): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  const process = story.process({
    mishap: ({ operation, key }) => (operation === 'PutObject' && key.endsWith('0006.json') ? 'kill after' : undefined),
  });
  await expect(story.failover({ ...FAILOVER, override: 'force' }, process)).rejects.toThrow();
  return story;
}

describe('When the records lag behind the databases', () => {
  test('then a late writer of the same epoch does not unsay the activation', async () => {
    const story = await Story.ofARunningDeployment();
    let late: ControlRecord | undefined;
    const process = story.process({
      mishap: ({ operation, key }) => {
        if (operation === 'PutObject' && key.endsWith('0004.json')) late ??= story.control(WEST);
        return undefined;
      },
    });
    await story.failover({ ...FAILOVER, override: 'force' }, process);
    const before = story.control(EAST);
    expect([late?.phase, before.phase]).toEqual(['claimed', 'activated']);
    const writer = story.process();
    const { deployment } = story.universe;
    if (late !== undefined) await mirror(writer, deployment, late, sideOf(writer, deployment, 0));
    expect(story.control(EAST)).toEqual(before);
  });

  test('then the snapshots of an activation that no record tells are what the next failover restores', async () => {
    const story = await afterAnActivationThatNoRecordTells();
    await story.minutes(25);
    expect(story.control(EAST)).toMatchObject({ phase: 'claimed', activated: { site: EAST, epoch: 0 } });
    story.universe.lose(WEST);
    const { active, verdict } = await story.check({ wait: '1800' });
    expect([active, verdict.key]).toEqual([WEST, 'UNHEALTHY(region)']);
    const result = await story.failover(HOME);
    expect(result).toMatchObject({ epoch: 2, to: EAST });
    expect(readSnapshotId(result.loss.snapshot.id)?.epoch).toBe(1);
    expect(story.control(EAST).activated).toMatchObject({ site: EAST, epoch: 2 });
  });

  test('then a snapshot alone proves the activation, too', async () => {
    const story = await afterAnActivationThatNoRecordTells();
    await story.minutes(25);
    story.universe.lose(WEST);
    story.universe.s3(EAST).delete(story.universe.bucket(EAST), keys.heartbeat('example', WEST));
    const { loss } = await story.failover({ ...HOME, override: 'force' });
    expect(readSnapshotId(loss.snapshot.id)?.epoch).toBe(1);
  });

  test('then without a snapshot of it the dead branch is refused, since a beat proves the activation', async () => {
    const story = await afterAnActivationThatNoRecordTells();
    await story.minutes(3);
    story.universe.lose(WEST);
    const force = { ...HOME, override: 'force' };
    expect(await story.refusal('failover', force)).toMatchObject({ code: 'MDR-SNAPSHOT-NONE' });
    expect(story.control(EAST)).toMatchObject({ epoch: 1, phase: 'claimed' });
  });

  test('then a claim that was never activated is no lineage: its own last one is restored', async () => {
    const story = await Story.ofARunningDeployment();
    const process = story.process({
      mishap: ({ operation, key }) =>
        operation === 'PutObject' && key.endsWith('0004.json') ? 'kill after' : undefined,
    });
    await expect(story.failover({ ...FAILOVER, override: 'force' }, process)).rejects.toThrow();
    await story.minutes(5);
    story.universe.lose(WEST);
    const result = await story.failover({ ...HOME, override: 'force' });
    expect(result).toMatchObject({ epoch: 2, to: EAST });
    expect(readSnapshotId(result.loss.snapshot.id)?.epoch).toBe(0);
  });

  test('then a fenced site whose record was never told can still take over', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    await story.failover();
    story.universe.bringBack(EAST);
    await story.minutes(12);
    expect([story.universe.airflow(EAST).role, story.control(EAST).epoch]).toEqual(['standby', 0]);
    story.universe.lose(WEST);
    await story.check({ wait: '1800' });
    const result = await story.failover(HOME);
    expect(result).toMatchObject({ epoch: 2, to: EAST });
    expect(readSnapshotId(result.loss.snapshot.id)?.epoch).toBe(1);
    expect(story.universe.airflow(EAST)).toMatchObject({ role: 'active', epoch: 2 });
  });
});
