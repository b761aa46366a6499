/** The product leaves two living sites, and comes back, on real Airflow and by the bundle. One story, told in order. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UninstallResult } from '../../action/src/domain/results.ts';
import { eventually } from '../support/deadline.ts';
import { listKeys } from '../support/dr-bucket.ts';
import { DEPLOYMENT } from '../support/names.ts';
import { DAGS, PAUSED_ON_PURPOSE } from '../support/platform.ts';
import { TwoSites } from '../support/two-sites.ts';

const EAST = 'us-east-1';
const WEST = 'us-west-2';
const ALL = DAGS.filter((dagId) => dagId !== PAUSED_ON_PURPOSE).toSorted();
const MINUTES = 60_000;
const log = (line: string): void => void process.stderr.write(`${line}\n`);

const OURS = `
select relname::text as name from pg_class where relname like 'mwaadr%'
union all select proname from pg_proc where proname like 'mwaadr%'
union all select tgname from pg_trigger where tgname like 'mwaadr%'
union all select dag_id from dag where dag_id like 'mwaadr%'
union all select dag_id from serialized_dag where dag_id like 'mwaadr%'
union all select dag_id || ' ' || run_id from dag_run where dag_id like 'mwaadr%'
union all select dag_id || ' ' || task_id from task_instance where dag_id like 'mwaadr%'`;

describe.each(['2.10.3', '3.3.1'] as const)('Two living sites of Airflow %s', (version) => {
  let sites: TwoSites;

  beforeAll(async () => {
    sites = await TwoSites.working(EAST, log, version);
  }, 10 * MINUTES);

  afterAll(async () => {
    await sites.sandbox.stop();
  }, MINUTES);

  const oursIn = async (region: typeof EAST | typeof WEST) =>
    (await sites.sandbox.sql(region, OURS)).map(({ name }) => String(name));
  const latestRun = async () =>
    String(
      (await sites.sandbox.sql(EAST, "select max(id) as id from dag_run where dag_id not like 'mwaadr%'"))[0]?.['id'],
    );

  it(
    'are left by the product without a trace, and the active one works on',
    async () => {
      expect((await oursIn(WEST)).length).toBeGreaterThan(6);
      const run = await sites.act('uninstall', { confirm: DEPLOYMENT });
      const { sites: done } = JSON.parse(run.outputs['json'] ?? '{}') as UninstallResult;
      expect(done).toMatchObject([
        { region: EAST, role: 'active', database: 'emptied', dags: 5 },
        { region: WEST, role: 'standby', database: 'emptied', dags: 5 },
      ]);
      expect([await oursIn(EAST), await oursIn(WEST)]).toEqual([[], []]);
      expect([await sites.atWork(EAST), await sites.atWork(WEST)]).toEqual([ALL, []]);
      expect([await sites.control(EAST), await sites.control(WEST)]).toEqual([undefined, undefined]);
      expect((await listKeys(sites.sandbox, WEST, `snapshots/${DEPLOYMENT}/`)).length).toBeGreaterThan(0);
      const before = await latestRun();
      await eventually(
        'a scheduled run begins',
        120,
        async () => ((await latestRun()) === before ? undefined : true),
        log,
      );
      expect([await oursIn(EAST), await oursIn(WEST)]).toEqual([[], []]);
    },
    10 * MINUTES,
  );

  it(
    'are what they were when it comes back',
    async () => {
      await sites.act('install', { wait: '240' });
      await sites.until(WEST, 'standby', 0);
      expect(await sites.role(EAST)).toBe('active 0');
      expect([await sites.atWork(EAST), await sites.atWork(WEST)]).toEqual([ALL, []]);
      await sites.snapshot();
      expect(await sites.tell('check')).toMatchObject({ active: EAST, epoch: 0, findings: [] });
    },
    10 * MINUTES,
  );
});
