import { describe, expect, test } from '@jest/globals';
import { keys } from '../../action/src/domain/names.ts';
import { observePlan } from '../../action/src/operations/plan.ts';
import { fleetStatus } from '../../action/src/operations/fleet-status.ts';
import type { CheckResult, StatusResult, VerifyResult } from '../../action/src/domain/results.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { Killed } from '../doubles/process.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

const FORCED = { ...FAILOVER, override: 'force' } as const;
const HOME = { ...FORCED, target: EAST } as const;

/** A forced failover that dies at its first write of a key with this in it, before or after the write took effect. */
async function killedAt(text: string, when: 'before' | 'after'): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  let isOver = false;
  const process = story.process({
    mishap: ({ operation, key }) => {
      if (isOver || operation !== 'PutObject' || !key.includes(text)) return undefined;
      isOver = true;
      return when === 'after' ? 'kill after' : 'kill before';
    },
  });
  await expect(story.failover(FORCED, process)).rejects.toThrow(Killed);
  await story.minutes(10);
  return story;
}

const status = async (story: Story): Promise<StatusResult> => (await story.run('status', {})) as StatusResult;

/** What each operation that changes nothing of the sites says of who is active. */
async function activeBy(story: Story): Promise<readonly (string | undefined)[]> {
  const { universe } = story;
  const { deployment } = universe;
  const path = 'environments/example.json';
  const { plan } = await observePlan(story.process(), { path, deployment });
  const files = [{ path, text: '', deployment }];
  const fleet = await fleetStatus({ files, world: () => story.process(), clock: universe.clock });
  const { active } = await story.check();
  return [active, (await status(story)).active, plan.active, fleet.deployments[0]?.active];
}

const exit = (result: CheckResult): number => exitOf(result, 'unhealthy').code;

/** Starts the command that a result prints. */
async function obey(story: Story, { findings }: Pick<CheckResult, 'findings'>): Promise<void> {
  const inputs = findings.find(({ command }) => command !== undefined)?.command?.inputs;
  await story.failover({ ...inputs });
  await story.minutes(5);
}

/** Every journal entry of a move is a moment to die at, and so is each claim. */
const MOMENTS = ['0001', '0002', '0003', '0004', '0005', '0006', '0007'].flatMap((entry) =>
  (['before', 'after'] as const).map((when) => [entry, when] as const),
);

describe('A failover that was killed', () => {
  test.each(MOMENTS)('at journal entry %s (%s it was written): all operations name one site', async (entry, when) => {
    const story = await killedAt(`/${entry}.json`, when);
    const said = await activeBy(story);
    expect(new Set(said).size).toBe(1);
    const { snapshot, site } = (await story.run('verify', {})) as VerifyResult;
    expect(site).toBe(said[0] === EAST ? WEST : EAST);
    expect(snapshot.id).toContain(said[0] === EAST ? '-e0-' : '-e1-');
  });

  test.each(MOMENTS)(
    'at journal entry %s (%s): check is red from the claim on, and its command leads on',
    async (entry, when) => {
      const story = await killedAt(`/${entry}.json`, when);
      const isClaimed = story.control(WEST).epoch === 1;
      const shown = await status(story);
      const seen = await story.check();
      expect(seen.findings.map(({ name }) => name)).toEqual(shown.findings.map(({ name }) => name));
      expect(seen.findings.length > 0).toBe(isClaimed);
      expect(exit(seen)).toBe(isClaimed ? 1 : 0);
      if (!isClaimed) {
        expect(story.control(WEST).move).toBeNull();
        return;
      }
      await obey(story, seen);
      const after = await status(story);
      expect(after).toMatchObject({ active: WEST, nobodyActive: false, move: undefined, findings: [] });
      expect(exit(await story.check())).toBe(0);
    },
  );

  test('after its claim: nobody is active, and both say so first', async () => {
    const story = await killedAt('/0005.json', 'before');
    const { verdict, findings, permission } = await story.check();
    expect(verdict.key).toBe('UNHEALTHY(stopped)');
    expect(permission).toEqual({ manual: 'confirm', automatic: 'refused' });
    expect(findings.map(({ name }) => name)).toEqual(['nobody-active', 'move-stands']);
    const { nobodyActive, sites } = await status(story);
    expect([nobodyActive, ...sites.map(({ role }) => role)]).toEqual([true, 'standby', 'standby']);
  });

  test('while its lease runs it is a line and no finding', async () => {
    const story = await Story.ofARunningDeployment();
    let isOver = false;
    const process = story.process({
      mishap: ({ key }) => {
        if (isOver || !key.includes('/0005.json')) return undefined;
        isOver = true;
        return 'kill before';
      },
    });
    await expect(story.failover(FORCED, process)).rejects.toThrow(Killed);
    const { findings, notes, verdict } = await story.check();
    expect({ findings, key: verdict.key }).toEqual({ findings: [], key: 'DEGRADED' });
    expect(notes.join()).toContain('is under way and has come to claimed');
  });

  test('and whose target is lost for good: the command brings the old side back', async () => {
    const story = await killedAt('/0005.json', 'before');
    story.universe.lose(WEST);
    const seen = await story.check({ wait: '1500' });
    expect(seen).toMatchObject({ verdict: { key: 'UNKNOWN' }, readings: 1 });
    expect(seen.findings[0]?.command?.inputs).toMatchObject({ target: EAST, override: 'force' });
    await obey(story, seen);
    expect(await status(story)).toMatchObject({ active: EAST, nobodyActive: false });
  });
});

describe('A site that was put to sleep', () => {
  test('by a claim that is gone again is named, and the command wakes it', async () => {
    const story = await Story.ofARunningDeployment();
    const { universe } = story;
    const before = story.control(WEST);
    const move = {
      id: 'mv-1-00000000',
      kind: 'failover',
      from: EAST,
      to: WEST,
      epoch: 1,
      snapshot: 'x',
      step: 'claimed',
    };
    const rest = { startedAt: before.updatedAt, reason: 'x', actor: 'x', fence: null };
    const put = (record: object) =>
      universe.s3(WEST).put(universe.bucket(WEST), keys.control('example'), JSON.stringify(record), 'any');
    put({ ...before, epoch: 1, phase: 'claimed', move: { ...move, ...rest } });
    await story.minutes(5);
    put(before);
    await story.minutes(5);
    const seen = await story.check();
    expect(seen).toMatchObject({ verdict: { key: 'UNHEALTHY(stopped)' }, findings: [{ name: 'nobody-active' }] });
    expect(exit(seen)).toBe(1);
    await obey(story, seen);
    expect(await status(story)).toMatchObject({ nobodyActive: false, findings: [] });
    expect((await story.check()).findings).toEqual([]);
  });

  test('is no source of a snapshot', async () => {
    const story = await killedAt('/0005.json', 'before');
    expect(await story.refusal('snapshot', { force: 'true' })).toMatchObject({ code: 'MDR-SNAPSHOT-FAILED' });
    expect((await story.refusal('snapshot', { force: 'true' })).message).toContain('nobody is active');
  });
});

test('A move that check has withdrawn stands in the way of no other', async () => {
  const story = await killedAt('/0002.json', 'after');
  await story.check();
  expect(await story.refusal('failover', HOME)).toMatchObject({ code: 'MDR-MOVE-SAME-SITE' });
});
