/**
 * What is left of moves that others have overtaken, on real Airflow and by the bundle: two sites are lost and come back in
 * turn, and epoch after epoch nothing of an old one may pause, activate or report anything. One story, told in order.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { journalWrite } from '../support/killing.ts';
import { DAGS, PAUSED_ON_PURPOSE } from '../support/platform.ts';
import { type Told, TwoSites } from '../support/two-sites.ts';

const EAST = 'us-east-1';
const WEST = 'us-west-2';
const ALL = DAGS.filter((dagId) => dagId !== PAUSED_ON_PURPOSE).toSorted();
const MINUTES = 60_000;

const orderOfActivation = {
  service: 'airflow',
  operation: 'InvokeRestApi',
  path: /^POST .*mwaadr_activate\/dagRuns/,
} as const;
const evidence = { service: 's3', operation: 'PutObject', path: /\/evidence\// } as const;

describe('Two sites that are lost in turn', () => {
  let sites: TwoSites;
  /** The move to WEST in epoch 1 that was overtaken. */
  let dead = '';

  beforeAll(async () => {
    sites = await TwoSites.working(EAST, (line) => process.stderr.write(`${line}\n`));
  }, 10 * MINUTES);

  afterAll(async () => {
    await sites.sandbox.stop();
  }, MINUTES);

  it(
    'go home when the target is lost with its activation in the queue',
    async () => {
      const { sandbox } = sites;
      await sandbox.lose(EAST);
      // Its scheduler stands still from the claim on, so that what is ordered stays in the queue.
      const freeze = sandbox.gateway(WEST).hold(journalWrite(4), { after: true });
      void freeze.arrived.then(() => {
        sandbox.freezeScheduler(WEST);
        freeze.release();
      });
      await sites.killed(WEST, { region: WEST, match: orderOfActivation, after: true });
      dead = (await sites.control(WEST))?.move?.id ?? '';
      expect(await sites.control(WEST)).toMatchObject({ epoch: 1, phase: 'claimed', move: { step: 'fenced' } });

      await sandbox.return(EAST);
      await sites.until(EAST, 'standby', 1);
      expect(await sites.atWork(EAST)).toEqual([]);
      await sandbox.lose(WEST);
      await sites.force(EAST);
      expect(await sites.role(EAST)).toBe('active 2');
      expect(await sites.atWork(EAST)).toEqual(ALL);
    },
    10 * MINUTES,
  );

  it(
    'refuse the queued activation when the target is back: another epoch rules',
    async () => {
      await sites.sandbox.return(WEST);
      expect(await sites.result(`${dead}-activate`)).toMatchObject({
        outcome: 'refused',
        code: 'MDR-MOVE-SUPERSEDED',
      });
      await sites.until(WEST, 'standby', 2);
      expect([await sites.role(EAST), await sites.role(WEST)]).toEqual(['active 2', 'standby 2']);
      expect([await sites.atWork(EAST), await sites.atWork(WEST)]).toEqual([ALL, []]);
    },
    5 * MINUTES,
  );

  it(
    'do not go on with the overtaken move: the next one to that site is new',
    async () => {
      expect(await sites.control(WEST)).toMatchObject({ move: { id: dead } });
      expect(await sites.tell('check')).toMatchObject({ active: EAST, epoch: 2, debts: { owed: [] } });
      expect(await sites.control(WEST)).toMatchObject({ epoch: 2, move: null });
      expect(await sites.atWork(EAST)).toEqual(ALL);

      await sites.snapshot();
      // This one dies when all is done but its evidence.
      await sites.killed(WEST, { region: WEST, match: evidence });
      const { move, epoch } = (await sites.control(WEST)) ?? {};
      expect(epoch).toBe(3);
      expect(move).toMatchObject({ step: 'confirmed' });
      expect(move?.id).not.toBe(dead);
      expect([await sites.role(EAST), await sites.role(WEST)]).toEqual(['standby 3', 'active 3']);
      expect([await sites.atWork(EAST), await sites.atWork(WEST)]).toEqual([[], ALL]);
    },
    10 * MINUTES,
  );

  it(
    'make no success of a move that was overtaken when only its evidence was missing',
    async () => {
      const { sandbox } = sites;
      await sites.snapshot();
      await sandbox.lose(WEST);
      await sites.force(EAST);
      expect(await sites.role(EAST)).toBe('active 4');
      expect(await sites.owedIn(EAST)).toEqual([`claim of ${WEST} in 4`, `fence of ${WEST} in 4`]);

      await sandbox.return(WEST);
      await sites.until(WEST, 'standby', 4);
      await sites.snapshot();
      await sandbox.lose(EAST);
      const run = await sites.force(WEST);
      expect(run.outputs).toMatchObject({ epoch: '5' });
      expect(await sites.role(WEST)).toBe('active 5');
      expect(await sites.atWork(WEST)).toEqual(ALL);
    },
    10 * MINUTES,
  );

  it(
    'keep the fence owed after the claim was paid, and never pause the active one for an old debt',
    async () => {
      const { sandbox } = sites;
      const sees = sites.blind(EAST);
      const answers = sandbox.gateway(EAST).fault('refused', { service: 'airflow', endpoint: 'env' });
      await sandbox.return(EAST);
      expect(await sites.tell('check')).toMatchObject({
        active: WEST,
        debts: { paid: [{ kind: 'claim', epoch: 5 }], owed: [{ kind: 'fence', site: EAST, epoch: 5 }] },
      });
      expect(await sites.tell('status')).toMatchObject({ debts: [{ kind: 'fence', site: EAST, epoch: 5 }] });
      expect([await sites.owedIn(EAST), await sites.role(EAST)]).toEqual([[], 'active 4']);
      expect([await sites.atWork(EAST), await sites.atWork(WEST)]).toEqual([ALL, ALL]);

      answers();
      expect(await sites.tell('check')).toMatchObject({
        debts: { paid: [{ kind: 'fence', grade: 'paused' }], owed: [] },
      });
      expect([await sites.atWork(EAST), await sites.atWork(WEST)]).toEqual([[], ALL]);

      sees();
      await sites.until(EAST, 'standby', 5);
      for (let checks = 1; checks <= 2; checks += 1) {
        expect(await sites.tell('check')).toMatchObject({ active: WEST, epoch: 5, debts: { paid: [], owed: [] } });
        expect(await sites.atWork(WEST)).toEqual(ALL);
      }
    },
    10 * MINUTES,
  );

  it(
    'tell of a move that was killed while it confirmed, and close it with the one command',
    async () => {
      await sites.snapshot();
      await sites.killed(EAST, { region: EAST, match: journalWrite(7) });
      expect(await sites.tell('status')).toMatchObject({ active: EAST, epoch: 6, move: { step: 'activated' } });
      await sites.leaseIsOver(EAST);
      const red = await sites.act('check', {}, { mayFail: true });
      expect(red.code).toBe(1);
      const { active, findings = [] } = JSON.parse(red.outputs['json'] ?? '{}') as Partial<Told>;
      expect({ active, names: findings.map(({ name }) => name) }).toEqual({ active: EAST, names: ['move-stands'] });
      await sites.act('failover', findings[0]?.command?.inputs ?? {});
      expect(await sites.control(EAST)).toMatchObject({ epoch: 6, phase: 'activated', move: null });
      expect((await sites.act('check', {})).code).toBe(0);
      expect([await sites.atWork(EAST), await sites.atWork(WEST)]).toEqual([ALL, []]);
    },
    10 * MINUTES,
  );
});
