import { describe, expect, test } from '@jest/globals';
import { parseInputs } from '../../action/src/domain/inputs.ts';
import type { Finding } from '../../action/src/domain/results.ts';
import { runOperation } from '../../action/src/operations/index.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, diesAfter, forced, HOME, MoveStory, notes, TO_WEST } from './move-story.ts';

const commandsOf = ({ findings }: { readonly findings: readonly Finding[] }) =>
  findings.flatMap(({ command }) => (command ? [command.inputs] : []));

const messagesOf = ({ findings }: { readonly findings: readonly Finding[] }) =>
  findings.map(({ message }) => message).join('\n');

describe('When the sites stand in another order in the deployment file', () => {
  test.each(['check', 'status', 'failover', 'snapshot', 'verify'] as const)(
    'then %s refuses, and touches nothing',
    async (operation) => {
      const story = await MoveStory.running();
      const { deployment } = story.universe;
      const [first, second] = deployment.sites;
      const swapped: typeof deployment = { ...deployment, sites: [second, first] };
      const before = [story.control(EAST), story.control(WEST)];
      const inputs = parseInputs(operation, operation === 'failover' ? TO_WEST : {});
      const run = runOperation(story.process(), swapped, operation, inputs as never);
      await expect(run).rejects.toMatchObject({
        code: 'MDR-CONTROL-INVALID',
        fix: expect.stringContaining('Were the sites swapped in the deployment file?') as unknown,
      });
      expect([story.control(EAST), story.control(WEST)]).toEqual(before);
      expect(story.roles).toBe('active 0, standby 0');
    },
  );
});

describe('When one record names another site as active than the one of its epoch', () => {
  test('then it is damage to everybody: no canary obeys it', async () => {
    const story = await MoveStory.running();
    story.rewrite(WEST, (record) => {
      const activated = { ...record.activated, site: EAST, epoch: 1 };
      return { ...record, epoch: 1, phase: 'activated', activated };
    });
    await story.minutes(10);
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 0, standby 0', AT_WORK]);
    expect(await story.status()).toMatchObject({ active: EAST, epoch: 0 });
  });
});

describe('When a runner stands still between its last look and its claim', () => {
  test.each([
    ['goes on', 0],
    ['is set back by as much', -4 * 60_000],
  ])('then it does not move away from a site that came back meanwhile, if its clock %s', async (_, step) => {
    const story = await MoveStory.onTheBadDay();
    let isOver = false;
    const runner = story.process({
      skew: () => (isOver ? step : 0),
      mishap: (call) => {
        if (isOver || !notes('rechecked')(call)) return undefined;
        isOver = true;
        story.universe.clock.after(30_000, () => {
          story.universe.bringBack(EAST);
        });
        return { freeze: 4 * 60_000 };
      },
    });
    expect(await story.refusal('failover', TO_WEST, runner)).toMatchObject({
      code: 'MDR-CONTROL-CONFLICT',
      message: expect.stringContaining('stood still after its last look') as unknown,
      state: 'nothing was touched',
    });
    expect([story.roles, story.dagsOf(EAST)]).toEqual(['active 0, standby 0', AT_WORK]);
  });
});

describe('When a site comes back while the target restores', () => {
  test('then the refusal names how the site is, and not the move itself', async () => {
    const story = await MoveStory.onTheBadDay();
    let isOver = false;
    const runner = story.process({
      mishap: ({ key }) => {
        if (isOver || !key.includes('mwaadr_restore')) return undefined;
        isOver = true;
        story.universe.bringBack(EAST);
        story.universe.airflow(WEST).startsAfter = 240_000;
        return undefined;
      },
    });
    const { code, message } = await story.refusal('failover', TO_WEST, runner);
    expect(code).toBe('MDR-MOVE-HEALTHY');
    expect(message).not.toContain('is under way');
  });
});

describe('When a move is activated and not closed', () => {
  test('and S3 of the new side cannot be reached for a moment, then no command leads away from it', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('activated'));
    await story.minutes(30);
    story.universe.fault({ service: 's3', quality: 'dark', region: WEST, observer: 'outside' });
    const [check, status] = [await story.check(), await story.status()];
    expect(check.active).toBe(WEST);
    expect(commandsOf(check)).toEqual([expect.objectContaining({ target: WEST })]);
    expect(commandsOf(status)).toEqual(commandsOf(check));
  });

  test('and the workers of the new side die, then there is one command: it leaves, or is refused with a reason', async () => {
    const story = await MoveStory.running();
    const west = story.universe.airflow(WEST);
    west.onActivated = () => {
      west.workersDead = true;
    };
    expect(await story.refusal('failover', forced(TO_WEST))).toMatchObject({
      code: 'MDR-TIMEOUT',
      fix: expect.stringContaining('mwaadr_canary is paused, or waits for a worker') as unknown,
      state: `${WEST} is active in epoch 1; only its first beat is missing`,
    });
    const commands = commandsOf(await story.check({ wait: '1800' }));
    const { findings } = await story.status();
    expect(findings).toEqual([
      { name: 'move-stands', message: expect.stringContaining('`check` says whether') as unknown, command: undefined },
    ]);
    expect(new Set(commands.map(({ target }) => target))).toEqual(new Set([EAST]));
    // It never took a snapshot, and what it was made from is of the epoch before.
    expect(await story.refusal('failover', HOME)).toMatchObject({
      code: 'MDR-SNAPSHOT-NONE',
      state: 'nothing was touched',
    });
  }, 60_000);
});

describe('When the target of a standing move dies, and its S3 denies instead of being silent', () => {
  test.each(['claimed', 'activated'] as const)(
    '(%s) then the printed command brings the old side back',
    async (step) => {
      const story = await MoveStory.running();
      await story.killed(forced(TO_WEST), diesAfter(step));
      await story.minutes(25);
      story.universe.airflow(WEST).goDown();
      for (const service of ['airflow-api', 'airflow-env', 'cloudwatch', 'sts', 'kms'] as const)
        story.universe.fault({ service, quality: 'dark', region: WEST });
      story.universe.fault({ service: 's3', quality: 'denied', region: WEST });
      await story.minutes(15);
      const [command] = commandsOf(await story.check());
      expect(command).toMatchObject({ target: EAST, override: 'force' });
      await story.failover({ ...command });
      expect(story.roles).toMatch(/^active 2/);
      expect(story.dagsOf(EAST)).toEqual(AT_WORK);
    },
  );
});

describe('When a side that lost comes back, and nothing can stop it', () => {
  test('then check is red and says what has to be done there', async () => {
    const story = await MoveStory.movedToWest();
    story.universe.airflow(EAST).starved.add('mwaadr_canary');
    const answersAgain = story.universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST });
    story.universe.bringBack(EAST);
    await story.minutes(30);
    expect(story.roles).toBe('active 0, active 1');
    const result = await story.check();
    expect(exitOf(result, 'unhealthy').code).toBe(1);
    expect(result.findings.map(({ name }) => name)).toEqual(['two-active']);
    expect(messagesOf(result)).toContain(`${EAST} may run its DAGs beside ${WEST}`);

    answersAgain();
    expect((await story.check()).findings).toEqual([]);
    // Its DAGs are paused, and nothing but the next check keeps them so.
    expect((await story.status()).debts).toMatchObject([{ kind: 'fence' }]);
  });

  test('nor when its own heartbeat says that it is active', async () => {
    const story = await MoveStory.movedToWest();
    await story.getsBack(EAST);
    await story.check();
    story.universe.airflow(EAST).role = 'active';
    story.universe.airflow(EAST).epoch = 1;
    // A reconcile at work explains nothing of it.
    const expiresAt = new Date(story.universe.clock.now() + 3_600_000).toISOString();
    const lease = { holder: 'x', nonce: 'x', purpose: 'reconcile', expiresAt };
    story.rewrite(EAST, (record) => ({ ...record, lease }));
    await story.minutes(10);
    const result = await story.check();
    expect(result.findings.map(({ name }) => name)).toEqual(['two-active']);
    expect(messagesOf(result)).toContain('its own heartbeat says that it is active');
  });
});

describe('When a move stands at its claim', () => {
  test('and the side that it leaves has no worker for its canary, then nobody says that it has stopped', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).starved.add('mwaadr_canary');
    await story.minutes(8);
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    await story.minutes(10);
    expect(messagesOf(await story.check())).toContain(`${EAST} may still run its DAGs`);
  });

  test('and the record of its target is put back to what it was, then the printed command leads on', async () => {
    const story = await MoveStory.running();
    const before = story.control(WEST);
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    await story.minutes(5);
    story.rewrite(WEST, () => ({ ...before, lease: null }));
    const [command] = commandsOf(await story.check());
    await story.failover({ ...command });
    expect(story.roles).toBe('standby 3, active 3');
  });

  test('then it has come as far as what it did, also when it died before it wrote that down', async () => {
    const story = await MoveStory.running();
    const writesTheStep = notes('claimed');
    await story.killed(forced(TO_WEST), { mishap: (call) => (writesTheStep(call) ? 'kill before' : undefined) });
    await story.minutes(5);
    expect(messagesOf(await story.check())).toContain('stands at claimed');
  });
});

describe('When no task starts at a site whose record is denied', () => {
  test('then the printed command leaves it, with the force that the record asks for', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).workersDead = true;
    story.universe.fault({ service: 's3', quality: 'denied', region: EAST, observer: 'outside' });
    await story.minutes(10);
    const [command] = commandsOf(await story.check({ wait: '1500' }));
    expect(await story.failover({ ...command })).toMatchObject({ epoch: 1, to: WEST });
  });
});

describe('When somebody edits the record of the target while its activation runs', () => {
  test('then the run writes nothing on top of that, and once it is brought back the printed command closes the move', async () => {
    const story = await MoveStory.onTheBadDay();
    const west = story.universe.airflow(WEST);
    let good: object = {};
    west.onActivated = () => {
      west.onActivated = () => undefined;
      good = story.control(WEST);
      story.rewrite(WEST, (record) => ({ ...record, epoch: 4, phase: 'claimed', move: null }));
    };
    expect(await story.refusal('failover', TO_WEST)).toMatchObject({ code: 'MDR-CONTROL-CONFLICT' });
    expect(story.control(WEST)).toMatchObject({ epoch: 4, phase: 'claimed', move: null, activated: { epoch: 0 } });
    await story.minutes(20);
    expect((await story.check()).findings).toMatchObject([{ name: 'record-lost' }]);
    story.rewrite(WEST, () => good);
    await story.minutes(10);
    const [command] = commandsOf(await story.check());
    expect(await story.failover({ ...command })).toMatchObject({ epoch: 1 });
    expect((await story.check()).findings).toEqual([]);
    expect(story.roles).toBe('active 0, active 1');
  });
});
