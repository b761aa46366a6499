import { describe, expect, test } from '@jest/globals';
import type { Deployment } from '../../action/src/domain/deployment.ts';
import { EAST, FAILOVER, WEST } from '../doubles/story.ts';
import { EXAMPLE_DEPLOYMENT, Universe } from '../doubles/universe.ts';
import { ReconcileStory, withMwaa } from './reconcile-story.ts';

const WIDER = withMwaa({ maxWorkers: 15 });
const MINUTE = 60_000;

/** Something that happens in the world so long after the story's present. */
const after = (story: ReconcileStory, minutes: number, happens: () => void): void => {
  story.universe.clock.after(minutes * MINUTE, happens);
};

describe('A reviewed change', () => {
  test('is made at the standby, whose health is seen, and then at the active site', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const result = await story.reconcile(reviewed);
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`, `${EAST} UpdateEnvironment`]);
    expect(result).toMatchObject({ outcome: 'applied', resumed: false, pullRequest: 7 });
    expect(result.gates.map(({ region }) => region)).toEqual([WEST, EAST]);
    expect([story.settings(WEST).MaxWorkers, story.settings(EAST).MaxWorkers]).toEqual([15, 15]);
    expect((await story.plan()).plan.outcome).toBe('in sync');
    expect(story.control(WEST).lease).toBeNull();
  });

  test('that is applied a second time changes nothing', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    await story.reconcile(reviewed);
    const before = story.everythingIn(WEST, 'control/');
    const again = await story.reconcile(reviewed);
    expect(again).toMatchObject({ outcome: 'in sync', steps: [] });
    expect(story.mutations).toHaveLength(2);
    expect(story.everythingIn(WEST, 'control/')).toBe(before);
  });

  test('of tags alone restarts nothing and waits for nothing', async () => {
    const story = await ReconcileStory.running();
    const tags = { team: 'platform', service: 'example' };
    const result = await story.reconcile(await story.review(withMwaa({ tags })));
    expect(story.mutations).toEqual([`${WEST} TagResource`, `${EAST} TagResource`]);
    expect(result).toMatchObject({ outcome: 'applied', gates: [] });
  });

  test('is followed live: each state once, and a line a minute with the usual time', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const process = story.process();
    await story.reconcile(reviewed, process);
    const lines = process.lines.filter((line) => line.includes('UPDATING'));
    expect(lines).toEqual([expect.stringContaining(WEST), expect.stringContaining(EAST)]);
    const minutes = process.lines.filter((line) => line.startsWith('still waiting for example-us-west-2'));
    expect(minutes.length).toBeGreaterThan(10);
    expect(minutes.length).toBeLessThan(25);
    expect(minutes[0]).toMatch(/which usually takes \d+ to \d+ min, for/);
  });

  test('creates both environments where there are none, and the records first', async () => {
    const story = new ReconcileStory(new Universe(EXAMPLE_DEPLOYMENT, { missing: [0, 1] }));
    const reviewed = await story.review((file) => file);
    const result = await story.reconcile(reviewed);
    expect(story.mutations).toEqual([`${WEST} CreateEnvironment`, `${EAST} CreateEnvironment`]);
    expect(result.outcome).toBe('applied');
    expect(story.control(EAST)).toMatchObject({ epoch: 0, phase: 'activated' });
    expect((await story.plan()).plan.outcome).toBe('in sync');
  });
});

describe('An active environment that is gone', () => {
  test('is a loss and no change: it is not created anew', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    story.universe.controlPlane(EAST).deleteEnvironment({ Name: story.nameIn(EAST) });
    await story.minutes(30);
    expect(await story.failure(reviewed)).toMatchObject({
      code: 'MDR-PLAN-REFUSED',
      message: expect.stringContaining('MDR-PLAN-ACTIVE-MISSING'),
    });
    expect(story.mutations).toEqual([]);
  });
});

describe('Reconcile refuses, and touches nothing,', () => {
  const untouched = async (story: ReconcileStory, act: () => Promise<unknown>): Promise<void> => {
    const before = [story.everythingIn(WEST), story.settings(WEST), story.settings(EAST)];
    await act();
    expect(story.mutations).toEqual([]);
    expect([story.everythingIn(WEST), story.settings(WEST), story.settings(EAST)]).toEqual(before);
  };

  test('when somebody edited the standby since the review, and says what moved', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    story.edit(WEST, { MinWorkers: 5 });
    await untouched(story, async () => {
      const process = story.process();
      const error = await story.failure(reviewed, process);
      expect(error).toMatchObject({ code: 'MDR-PLAN-MOVED', state: 'nothing was touched' });
      expect(error.message.split('\n').slice(1)).toEqual(['MinWorkers: Git `2`, us-east-1 `2`, us-west-2 `5`']);
      expect(error.plan?.digest).not.toBe(reviewed.digest);
      expect(process.lines.join('\n')).toContain(
        'MinWorkers: us-west-2 `5`, us-east-1 `2`; to become `2` at the standby',
      );
    });
  });

  test('but for what it did before somebody edited the active site, and says what that was', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    after(story, 10, () => {
      story.edit(EAST, { MinWorkers: 5 });
    });
    expect(await story.failure(reviewed)).toMatchObject({
      code: 'MDR-PLAN-MOVED',
      state: 'us-west-2 was told the reviewed changes already; nothing was touched after them',
    });
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`]);
  });

  test('when nobody reviewed the plan, and says how to', async () => {
    const story = await ReconcileStory.running();
    await story.review(WIDER);
    await untouched(story, async () => {
      expect(await story.failure(undefined)).toMatchObject({ code: 'MDR-PLAN-UNREVIEWED' });
    });
    const { plan } = await story.plan();
    const byHand = { digest: plan.digest, fingerprints: undefined, pullRequest: undefined };
    expect(await story.reconcile(byHand)).toMatchObject({ outcome: 'applied', pullRequest: null });
  });

  test('when the plan has a change that cannot be made', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(withMwaa({ endpointManagement: 'CUSTOMER' }));
    await untouched(story, async () => {
      const error = await story.failure(reviewed);
      expect(error).toMatchObject({ code: 'MDR-PLAN-REFUSED', message: expect.stringContaining('EndpointManagement') });
    });
  });

  test('while a move is under way', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    story.universe.airflow(WEST).spoiled.set('mwaadr_activate', 'lost');
    await story.refusal('failover', FAILOVER);
    story.universe.bringBack(EAST);
    expect(await story.failure(reviewed)).toMatchObject({ code: 'MDR-MOVE-OTHER' });
    expect(story.mutations).toEqual([]);
  });

  test.each(['dark', 'denied', 'throttled'] as const)('when the control plane of a Region is %s', async (quality) => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    story.universe.fault({ service: 'airflow-api', quality, region: EAST });
    await untouched(story, () => expect(story.reconcile(reviewed)).rejects.toMatchObject({ quality }));
  });

  test('when a second run is at work on the deployment', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const first = story.reconcile(reviewed);
    await story.universe.clock.sleep(5_000);
    expect(await story.failure(reviewed)).toMatchObject({ code: 'MDR-LEASE-HELD' });
    expect(await first).toMatchObject({ outcome: 'applied' });
    expect(story.mutations).toHaveLength(2);
  });
});

describe('Reconcile does nothing, and is content,', () => {
  const FROZEN: Deployment['freeze'] = [
    { reason: 'end of the year', from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z' },
  ];

  test('in a freeze window, which holds no move', async () => {
    const story = await ReconcileStory.running((file) => ({ ...file, freeze: FROZEN }));
    const reviewed = await story.review(WIDER);
    const result = await story.reconcile(reviewed);
    expect(result).toMatchObject({ outcome: 'held', heldUntil: { until: '2026-11-25T00:00:00.000Z' } });
    expect(story.mutations).toEqual([]);
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    expect(await story.failover()).toMatchObject({ to: WEST });
  });

  test('while it is paused', async () => {
    const story = await ReconcileStory.running();
    const paused = { reason: 'audit', until: '2026-12-01T00:00:00Z' };
    const reviewed = await story.review((file) => ({ ...WIDER(file), paused }));
    expect(await story.reconcile(reviewed)).toMatchObject({ outcome: 'held', heldUntil: { reason: 'audit' } });
    expect(story.mutations).toEqual([]);
  });

  test('where both environments are somebody else’s', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review((file) => ({ ...WIDER(file), manage: 'observe' }));
    expect(await story.reconcile(reviewed)).toMatchObject({ outcome: 'differs' });
    expect(story.mutations).toEqual([]);
  });

  test('but for the standby, where only that is ours', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review((file) => ({ ...WIDER(file), manage: 'standby-only' }));
    const result = await story.reconcile(reviewed);
    expect(result.outcome).toBe('applied');
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`]);
  });
});

describe('When MWAA rolls a change back', () => {
  const failure = { code: 'INCORRECT_CONFIGURATION', message: 'no capacity for 15 workers' };

  test('at the standby, that is reported and the active site is not touched', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    story.universe.controlPlane(WEST).failNextUpdate(story.nameIn(WEST), failure);
    const error = await story.failure(reviewed);
    expect(error).toMatchObject({
      code: 'MDR-UPDATE-FAILED',
      message: expect.stringContaining('no capacity for 15 workers'),
      state: 'us-west-2, the standby, is back on its old settings; the active site was not touched',
    });
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`]);
    expect(story.record(WEST)).toMatchObject({ outcome: 'failed' });
  });

  test('it is not tried again by itself, but by whoever asks for it by hand', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    story.universe.controlPlane(WEST).failNextUpdate(story.nameIn(WEST), failure);
    await story.failure(reviewed);
    expect(await story.failure(reviewed)).toMatchObject({ code: 'MDR-UPDATE-FAILED' });
    expect(story.mutations).toHaveLength(1);
    const byHand = { digest: reviewed.digest, fingerprints: undefined, pullRequest: undefined };
    expect(await story.reconcile(byHand)).toMatchObject({ outcome: 'applied' });
  });

  test('at the active site, the error says that the sites differ now', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    story.universe.controlPlane(EAST).failNextUpdate(story.nameIn(EAST), failure);
    expect(await story.failure(reviewed)).toMatchObject({
      code: 'MDR-UPDATE-FAILED',
      state: 'us-east-1, the active site, is back on its old settings; the standby keeps the new settings',
    });
    expect([story.settings(WEST).MaxWorkers, story.settings(EAST).MaxWorkers]).toEqual([15, 10]);
  });
});

describe('When the standby is AVAILABLE but not well', () => {
  test.each([
    [
      'its scheduler is dead',
      'the scheduler has not beaten',
      (story: ReconcileStory) => {
        story.universe.airflow(WEST).frozen = true;
      },
    ],
    [
      'its canary is dead',
      'the canary has not beaten',
      (story: ReconcileStory) => {
        story.universe.airflow(WEST).beat = () => undefined;
      },
    ],
  ])('because %s, the active site is not touched until it is', async (_, words, trouble) => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const west = story.universe.airflow(WEST);
    const beat = west.beat.bind(west);
    trouble(story);
    const error = await story.failure(reviewed);
    expect(error).toMatchObject({ code: 'MDR-GATE', message: expect.stringContaining(words) });
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`]);
    expect(error.state).toContain('the active site was not touched');
    west.frozen = false;
    west.beat = beat;
    expect(await story.reconcile(reviewed)).toMatchObject({ outcome: 'applied', resumed: true });
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`, `${EAST} UpdateEnvironment`]);
  });

  test('because somebody edits the active site meanwhile, that is not overwritten unseen', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    after(story, 10, () => {
      story.edit(EAST, { MinWorkers: 4 });
    });
    const error = await story.failure(reviewed);
    expect(error).toMatchObject({ code: 'MDR-PLAN-MOVED', message: expect.stringContaining('MinWorkers') });
    expect(error.message).not.toContain('MaxWorkers');
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`]);
  });
});

describe('What others do to an environment', () => {
  test('is waited for, and then stops a plan that it has moved', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    story.universe.controlPlane(WEST).updateEnvironment({ Name: story.nameIn(WEST), MinWorkers: 5 });
    const error = await story.failure(reviewed);
    expect(error).toMatchObject({ code: 'MDR-PLAN-MOVED', message: expect.stringContaining('MinWorkers') });
    expect(story.mutations).toEqual([]);
  });

  /** Somebody is quicker by the blink of an eye. */
  const overtaken = (story: ReconcileStory, by: () => void) =>
    story.process({
      mishap: ({ operation, region }) => {
        if (operation === 'UpdateEnvironment' && region === WEST) by();
        return undefined;
      },
    });

  test('just before our own change is not taken for ours', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const plane = story.universe.controlPlane(WEST);
    const process = overtaken(story, () => {
      plane.updateEnvironment({ Name: story.nameIn(WEST), WeeklyMaintenanceWindowStart: 'MON:04:30' });
    });
    expect(await story.failure(reviewed, process)).toMatchObject({ code: 'MDR-UPDATE-BUSY' });
    expect(story.record(WEST)).toMatchObject({ step: null, touched: [], outcome: 'under way' });
    const again = await story.failure(reviewed);
    expect(again).toMatchObject({ code: 'MDR-PLAN-MOVED', state: 'nothing was touched' });
    expect(again.message).toContain('WeeklyMaintenanceWindowStart');
    expect(story.settings(EAST).MaxWorkers).toBe(10);
  });

  test('and fails is not booked as our failure', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const plane = story.universe.controlPlane(WEST);
    const process = overtaken(story, () => {
      plane.failNextUpdate(story.nameIn(WEST), { code: 'X', message: 'their bad subnet' });
      plane.updateEnvironment({ Name: story.nameIn(WEST), Schedulers: 3 });
    });
    expect(await story.failure(reviewed, process)).toMatchObject({ code: 'MDR-UPDATE-BUSY' });
    expect(await story.reconcile(reviewed)).toMatchObject({ outcome: 'applied' });
  });
});

describe('A failover', () => {
  test('takes a reconcile’s lease at once, and the reconcile stops at its next step', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const reconciling = story.failure(reviewed);
    // The standby is updated by now, and the active site is being updated.
    await story.minutes(30);
    expect(story.mutations).toHaveLength(2);
    story.universe.lose(EAST);
    const process = story.process();
    expect(await story.failover({ ...FAILOVER, override: 'force' }, process)).toMatchObject({ to: WEST, epoch: 1 });
    expect(process.lines.join('\n')).toContain('a move takes it over at once');
    expect(await reconciling).toMatchObject({ code: 'MDR-LEASE-LOST' });
    expect(story.control(WEST)).toMatchObject({ epoch: 1, lease: null, move: null });
  });
});
