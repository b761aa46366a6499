import { describe, expect, test } from '@jest/globals';
import type { CheckResult, Finding } from '../../action/src/domain/results.ts';
import { exitOf, requireFailOn } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { isClaimed, killedAfterEachCall, LEASE_IS_OVER, WAYS } from './killed-moves.ts';
import { ALL_PAUSED, AT_WORK, diesAfter, forced, HOME, MoveStory, notes, TO_WEST } from './move-story.ts';

type Command = NonNullable<Finding['command']>;

const exitCode = (result: CheckResult): number => exitOf(result, requireFailOn('check', '')).code;

const names = (findings: readonly Finding[]): readonly string[] => findings.map(({ name }) => name);

/** The one command that all findings name. */
function commandOf(findings: readonly Finding[]): Command {
  const commands = findings.flatMap(({ command }) => (command === undefined ? [] : [command]));
  const [first] = commands;
  if (first === undefined) throw new Error(`no command in ${names(findings).join(', ') || 'no finding'}`);
  for (const other of commands) expect(other).toEqual(first);
  return first;
}

/** Runs what check says, without a word more, and proves that this ends the trouble. */
async function obey(story: MoveStory, { operation, inputs }: Command): Promise<void> {
  await story.run(operation, inputs);
  await story.minutes(5);
  const after = await story.check();
  expect({ findings: after.findings, exit: exitCode(after) }).toEqual({ findings: [], exit: 0 });
}

describe.each(WAYS)('A failover %s that is killed at any call from its claim on', (_, way) => {
  test('makes check red with one command, and exactly that command ends it', async () => {
    let stood = 0;
    for await (const { victim, story } of killedAfterEachCall(way)) {
      if (!isClaimed(story) || story.control(WEST).move === null) continue;
      await story.minutes(LEASE_IS_OVER);
      const check = await story.check();
      expect({ victim, exit: exitCode(check) }).toEqual({ victim, exit: 1 });
      expect(names(check.findings)).toContain('move-stands');
      const command = commandOf(check.findings);
      expect(command).toMatchObject({ operation: 'failover', inputs: { target: WEST, confirm: 'example' } });
      expect(command.inputs).not.toHaveProperty('override');
      expect(commandOf((await story.status()).findings)).toEqual(command);
      await obey(story, command);
      expect(story.universe.airflow(WEST)).toMatchObject({ role: 'active', epoch: 1 });
      expect(story.dagsOf(WEST)).toEqual(AT_WORK);
      stood += 1;
    }
    expect(stood).toBeGreaterThan(15);
  }, 120_000);
});

describe('A failover that is killed while it confirms', () => {
  test('has moved, as check and status say, but is not closed', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), { mishap: (call) => (notes('confirmed')(call) ? 'kill before' : undefined) });
    await story.minutes(LEASE_IS_OVER);
    const status = await story.status();
    expect(status).toMatchObject({ active: WEST, phase: 'activated', nobodyActive: false });
    expect(status.move).toMatchObject({ epoch: 1, step: 'activated' });
    const check = await story.check();
    expect({ active: check.active, names: names(check.findings) }).toEqual({ active: WEST, names: ['move-stands'] });
    expect(check.findings[0]?.message).toContain('is active, and the move is not closed yet');
    await obey(story, commandOf(check.findings));
    expect(await story.status()).toMatchObject({ active: WEST, epoch: 1, move: undefined, findings: [] });
  });
});

describe('A failover onto an older snapshot that a person chose, killed after its claim', () => {
  test.each(['claimed', 'fenced'] as const)('(at %s) comes to that snapshot by the command of check', async (step) => {
    const story = await MoveStory.running();
    const older = story.snapshots(WEST).at(-2) ?? '';
    await story.killed({ ...forced(TO_WEST), snapshot: older }, diesAfter(step));
    await story.minutes(LEASE_IS_OVER);
    await obey(story, commandOf((await story.check()).findings));
    expect(story.control(WEST).activated).toMatchObject({ epoch: 1, snapshot: older });
  });
});

describe('When the activation fails for good, so that nobody is active', () => {
  test('then check is red and says so, status too, and the command ends it once the cause is gone', async () => {
    const story = await MoveStory.running();
    const { spoiled } = story.universe.airflow(WEST);
    spoiled.set('mwaadr_activate', { ok: false, outcome: 'failed', message: 'disk full' });
    await story.refusal('failover', forced(TO_WEST));
    await story.minutes(60);
    expect(await story.status()).toMatchObject({ nobodyActive: true, phase: 'claimed', move: { step: 'fenced' } });
    const check = await story.check();
    expect(check.verdict.key).toBe('UNHEALTHY(stopped)');
    expect({ names: names(check.findings), exit: exitCode(check) }).toEqual({
      names: ['nobody-active', 'move-stands'],
      exit: 1,
    });
    const command = commandOf(check.findings);
    const error = await story.refusal(command.operation, command.inputs);
    expect(error).toMatchObject({ code: 'MDR-ACTIVATE-FAILED' });
    expect(error.message).toContain('disk full');
    spoiled.clear();
    await obey(story, command);
    expect(story.roles).toBe('standby 1, active 1');
  });
});

describe('When both Regions were lost in turn, and the one that is back was paused before it knew of the move', () => {
  test('then check is red, and names the DAGs that a person unpauses there: no failover leads on', async () => {
    const story = await MoveStory.movedToWest();
    const east = story.universe.airflow(EAST);
    east.starved.add('mwaadr_canary');
    const canWrite = story.universe.fault({ service: 's3', quality: 'denied', region: EAST });
    story.universe.bringBack(EAST);
    expect((await story.check()).debts).toMatchObject({
      owed: [{ kind: 'claim' }, { kind: 'fence', grade: 'paused' }],
    });
    story.universe.lose(WEST);
    east.starved.clear();
    canWrite();
    await story.minutes(4);
    expect([story.universe.airflow(EAST).role, story.dagsOf(EAST)]).toEqual(['active', ALL_PAUSED]);

    const check = await story.check();
    expect({ active: check.active, epoch: check.epoch, exit: exitCode(check) }).toEqual({
      active: EAST,
      epoch: 0,
      exit: 1,
    });
    expect(names(check.findings)).toEqual(['all-paused']);
    expect(check.findings[0]?.command).toBeUndefined();
    expect(check.findings[0]?.message).toContain('invoices, orders');
    const before = story.everything;
    expect(await story.refusal('failover', forced(HOME))).toMatchObject({ code: 'MDR-MOVE-SAME-SITE' });
    expect(story.everything).toBe(before);
  });
});
