import { describe, expect, test } from '@jest/globals';
import { MdrError } from '../../action/src/domain/errors.ts';
import { AwsFault } from '../../action/src/domain/faults.ts';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import type { UninstallResult } from '../../action/src/domain/results.ts';
import { Killed, type Call, type ProcessOptions } from '../doubles/process.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

type Mishap = NonNullable<ProcessOptions['mishap']>;

const AT = '2026-11-24T10:30:00.000Z';
const CONFIRM = { confirm: 'example' } as const;
const FORCED = { ...FAILOVER, override: 'force' } as const;
const SITES = [EAST, WEST] as const;
/** What is kept by default. */
const PAST = /^(snapshots|results|evidence)\/|^control\/example\/journal\//;

const uninstall = async (story: Story, raw: Readonly<Record<string, string>> = CONFIRM, process = story.process()) =>
  (await story.run('uninstall', raw, process)) as UninstallResult;

const keysIn = (story: Story, region: string): readonly string[] =>
  story.universe
    .s3(region)
    .list(story.universe.bucket(region), '')
    .map(({ key }) => key);

const dagFiles = (story: Story, index: 0 | 1): readonly string[] => {
  const { region, dagsBucket } = story.universe.deployment.sites[index];
  return story.universe
    .s3(region)
    .list(dagsBucket, '')
    .map(({ key }) => key);
};

/** Everything that an uninstall must not leave, wherever it is. */
function tracesOf(story: Story): readonly string[] {
  return SITES.flatMap((region, index) => {
    const airflow = story.universe.airflow(region);
    return [
      ...(airflow.role === undefined ? [] : [`${region} has a row`]),
      ...[...airflow.drDags.keys()].map((dagId) => `${region} ${dagId}`),
      ...dagFiles(story, index as 0 | 1).map((key) => `${region} ${key}`),
      ...keysIn(story, region)
        .filter((key) => !PAST.test(key))
        .map((key) => `${region} ${key}`),
    ];
  });
}

/** The DAGs of both sites that may start something now. */
const twice = (story: Story): readonly string[] => {
  const [east, west] = SITES.map((region) => story.universe.airflow(region));
  const free = (airflow: typeof east) => (airflow?.role === 'standby' ? [] : (airflow?.unpaused ?? []));
  return free(east).filter((dagId) => free(west).includes(dagId));
};

describe('uninstall', () => {
  test('leaves nothing of ours but the past, and the work of the active site goes on', async () => {
    const story = await Story.ofARunningDeployment();
    const result = await uninstall(story);
    expect(result).toMatchObject({
      erased: false,
      epoch: 0,
      sites: [
        { region: EAST, role: 'active', database: 'emptied', files: 2, dags: 5 },
        { region: WEST, role: 'standby', database: 'emptied', files: 2, dags: 5 },
      ],
    });
    expect(tracesOf(story)).toEqual([]);
    expect(story.snapshots(WEST).length).toBeGreaterThan(0);
    const before = story.universe.airflow(EAST).started.length;
    await story.minutes(60);
    expect(tracesOf(story)).toEqual([]);
    expect(story.universe.airflow(EAST).started.length).toBeGreaterThan(before);
    expect(story.universe.airflow(WEST).started).toEqual([]);
    expect(story.universe.airflow(WEST).unpaused).toEqual([]);
  });

  test('with erase leaves no object at all', async () => {
    const story = await Story.ofARunningDeployment();
    await uninstall(story, { ...CONFIRM, erase: 'true' });
    expect(SITES.flatMap((region) => keysIn(story, region))).toEqual([]);
  });

  test('after a move it is the other site that works on', async () => {
    const story = await Story.ofARunningDeployment();
    await story.failover({ ...FAILOVER, override: 'force' });
    await story.minutes(5);
    expect(await uninstall(story)).toMatchObject({ sites: [{ region: WEST, role: 'active' }, { region: EAST }] });
    await story.minutes(30);
    expect(tracesOf(story)).toEqual([]);
    expect(story.journal(WEST)).not.toEqual([]);
    expect(story.universe.airflow(EAST).unpaused).toEqual([]);
    expect(story.universe.airflow(WEST).unpaused).not.toEqual([]);
  });

  test('install brings back a deployment as it was, at the site that works', async () => {
    const story = await Story.ofARunningDeployment();
    await story.failover({ ...FAILOVER, override: 'force' });
    await story.minutes(20);
    await uninstall(story);
    await story.minutes(5);
    await story.run('install', { wait: '900' });
    await story.minutes(20);
    expect(story.control(WEST)).toMatchObject({ epoch: 1, activated: { site: WEST, epoch: 1 } });
    expect(story.universe.airflow(WEST)).toMatchObject({ role: 'active', unpaused: ['invoices', 'orders'] });
    expect(story.universe.airflow(EAST).role).toBe('standby');
    expect((await story.check()).verdict.key).toBe('HEALTHY');
  });

  test('said again it finds nothing, and takes what a late observer has left', async () => {
    const story = await Story.ofARunningDeployment();
    await uninstall(story);
    const late = keys.observations('example', EAST, 'late');
    story.universe.s3(WEST).put(story.universe.bucket(WEST), late, '{}', 'any');
    expect(await uninstall(story)).toMatchObject({ sites: [], epoch: null });
    expect(tracesOf(story)).toEqual([]);
  });

  test('files of somebody else in the same folder stay', async () => {
    const story = await Story.ofARunningDeployment();
    const { dagsBucket } = story.universe.deployment.sites[0];
    story.universe.s3(EAST).put(dagsBucket, 'dags/mwaadr/own.txt', 'mine', 'any');
    story.universe.s3(EAST).put(dagsBucket, 'dags/orders.py', 'mine', 'any');
    await uninstall(story);
    expect(dagFiles(story, 0)).toEqual(['dags/mwaadr/own.txt', 'dags/orders.py']);
  });

  test('a file of ours that somebody writes anew meanwhile stays', async () => {
    const story = await Story.ofARunningDeployment();
    const { dagsBucket } = story.universe.deployment.sites[0];
    const watch = ({ key }: Call) => {
      if (key.includes('-remove'))
        story.universe.s3(EAST).put(dagsBucket, 'dags/mwaadr/mwaadr_dags.py', '# mine', 'any');
    };
    await uninstall(story, CONFIRM, story.process({ watch }));
    expect(dagFiles(story, 0)).toEqual(['dags/mwaadr/mwaadr_dags.py']);
  });

  test('a standby without an environment has nothing to be emptied', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(WEST).status = 'DELETING';
    story.universe.airflow(WEST).goDown();
    expect(await uninstall(story)).toMatchObject({ sites: [{ database: 'emptied' }, { database: 'no environment' }] });
    expect(story.control(EAST)).toBeUndefined();
  });
});

describe('uninstall is refused, and changes nothing, when', () => {
  /** Control records, heartbeats and DAG files as they are; who is what. */
  const stateOf = (story: Story) => ({
    rows: SITES.map((region) => {
      const { role, epoch, dags } = story.universe.airflow(region);
      return { role, epoch, dags: Object.fromEntries(dags) };
    }),
    asked: SITES.map((region) => story.control(region).uninstall),
    files: [dagFiles(story, 0), dagFiles(story, 1)],
  });

  const refuses = async (story: Story, code: string, raw: Readonly<Record<string, string>> = CONFIRM) => {
    const before = stateOf(story);
    const error = await story.refusal('uninstall', raw);
    expect(error).toMatchObject({ code });
    expect(error.fix).not.toBe('');
    expect(stateOf(story)).toEqual(before);
    return error;
  };

  test('the name is not typed', async () => {
    await refuses(await Story.ofARunningDeployment(), 'MDR-INPUT-CONFIRM', { confirm: 'exmaple' });
  });

  test('a move is claimed and not finished', async () => {
    const story = await Story.ofARunningDeployment();
    const mishap: Mishap = ({ key }) => (key.includes(DAG_IDS.activate) ? 'kill before' : undefined);
    await expect(story.failover({ ...FAILOVER, override: 'force' }, story.process({ mishap }))).rejects.toThrow(Killed);
    await refuses(story, 'MDR-MOVE-OTHER');
  });

  test('a move is prepared by another run', async () => {
    const story = await Story.ofARunningDeployment();
    const mishap: Mishap = ({ key }) => (key.includes(DAG_IDS.restore) ? 'kill before' : undefined);
    await expect(story.failover({ ...FAILOVER, override: 'force' }, story.process({ mishap }))).rejects.toThrow(Killed);
    await refuses(story, 'MDR-MOVE-OTHER');
  });

  test('a lost site comes back and is not fenced yet', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    await story.failover();
    story.universe.airflow(EAST).starved.add(DAG_IDS.canary);
    story.universe.bringBack(EAST);
    await refuses(story, 'MDR-MOVE-OTHER');
  });

  test('the standby still calls itself active', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(WEST).role = 'active';
    const error = await refuses(story, 'MDR-TARGET-UNREADY');
    expect(error.message).toContain(WEST);
  });

  test('nobody is active', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).role = 'standby';
    await story.minutes(3);
    await refuses(story, 'MDR-TARGET-UNREADY');
  });

  test('a Region does not answer', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(WEST);
    const before = story.everythingIn(EAST, 'control/');
    await expect(story.run('uninstall', CONFIRM)).rejects.toThrow(AwsFault);
    expect(story.everythingIn(EAST, 'control/')).toBe(before);
  });

  test('the DAG files are those of another release, or of another deployment', async () => {
    const story = await Story.ofARunningDeployment();
    const { dagsBucket } = story.universe.deployment.sites[1];
    story.universe.s3(WEST).put(dagsBucket, 'dags/mwaadr/mwaadr_dags.py', '# older', 'any');
    expect((await refuses(story, 'MDR-NOT-INSTALLED')).fix).toContain('install');
  });

  test('the DAG files are missing while the databases are not empty', async () => {
    const story = await Story.ofARunningDeployment();
    const { dagsBucket } = story.universe.deployment.sites[0];
    story.universe.s3(EAST).delete(dagsBucket, 'dags/mwaadr/mwaadr_dags.py');
    await refuses(story, 'MDR-NOT-INSTALLED');
  });

  test('a role at the second site may not remove what is ours: the first one is not touched, either', async () => {
    const story = await Story.ofARunningDeployment();
    const message = 'the role airflow_user may not remove mwaadr_state: only adminuser may';
    const outcome = { ok: false, outcome: 'refused', code: 'MDR-DB-ACCESS', message };
    story.universe.airflow(WEST).spoiled.set(DAG_IDS.uninstall, outcome);
    const error = await refuses(story, 'MDR-DB-ACCESS');
    expect(error.message).toContain('only adminuser may');
    story.universe.airflow(WEST).spoiled.clear();
    await uninstall(story);
    expect(tracesOf(story)).toEqual([]);
  });

  test('another run works on the deployment', async () => {
    const story = await Story.ofARunningDeployment();
    const other = story.failover({ ...FAILOVER, override: 'force' }).catch(() => undefined);
    await story.minutes(0.1);
    expect(await story.refusal('uninstall', CONFIRM)).toMatchObject({ code: 'MDR-MOVE-OTHER' });
    await other;
  });

  test('somebody moved since it looked', async () => {
    const story = await Story.ofARunningDeployment();
    const watch = ({ operation }: Call) => {
      if (operation !== 'GetEnvironment') return;
      for (const region of SITES) {
        const moved = {
          ...story.control(region),
          epoch: 1,
          activated: { site: WEST, epoch: 1, at: AT, snapshot: null },
        };
        const body = JSON.stringify(moved);
        story.universe.s3(region).put(story.universe.bucket(region), keys.control('example'), body, 'any');
      }
    };
    const error = await story.refusal('uninstall', CONFIRM, story.process({ watch }));
    expect(error).toMatchObject({ code: 'MDR-CONTROL-CONFLICT', state: 'nothing was touched' });
    expect(story.universe.airflow(EAST).drRuns.size).toBe(0);
  });

  test('the control records are gone, but the DR DAGs are not', async () => {
    const story = await Story.ofARunningDeployment();
    for (const region of SITES)
      story.universe.s3(region).delete(story.universe.bucket(region), keys.control('example'));
    expect(await story.refusal('uninstall', CONFIRM)).toMatchObject({ code: 'MDR-NOT-INSTALLED' });
    expect(story.universe.airflow(WEST).role).toBe('standby');
  });
});

describe('an uninstall that was left half done', () => {
  /** The active site is emptied, and the run dies before the standby is. */
  async function halfDone(): Promise<Story> {
    const story = await Story.ofARunningDeployment();
    const mishap: Mishap = ({ key, region }) =>
      region === WEST && key.includes('-remove') && key.includes('POST') ? 'kill before' : undefined;
    await expect(uninstall(story, CONFIRM, story.process({ mishap }))).rejects.toThrow(Killed);
    expect(story.universe.airflow(EAST).role).toBeUndefined();
    return story;
  }

  test('stays so: no canary puts back what was removed, and the standby is held', async () => {
    const story = await halfDone();
    await story.minutes(30);
    expect(story.universe.airflow(EAST)).toMatchObject({ role: undefined, unpaused: ['invoices', 'orders'] });
    expect(story.universe.airflow(WEST)).toMatchObject({ role: 'standby', unpaused: [] });
  });

  test('is taken back by install', async () => {
    const story = await halfDone();
    await story.minutes(3);
    await story.run('install', {});
    await story.minutes(10);
    expect(story.control(EAST).uninstall).toBeUndefined();
    expect(story.universe.airflow(EAST)).toMatchObject({ role: 'active', unpaused: ['invoices', 'orders'] });
    expect((await story.check()).verdict.key).toBe('HEALTHY');
  });

  test('is not taken back while its run is at work', async () => {
    const story = await halfDone();
    expect(await story.refusal('install', {})).toMatchObject({ code: 'MDR-LEASE-HELD' });
  });

  test('keeps no move away when the Region is lost, and the old side obeys when it returns', async () => {
    const story = await halfDone();
    await story.minutes(3);
    story.universe.lose(EAST);
    await story.minutes(20);
    await story.failover({ ...FAILOVER, override: 'force' });
    story.universe.bringBack(EAST);
    await story.minutes(10);
    expect(story.universe.airflow(EAST)).toMatchObject({ role: 'standby', unpaused: [] });
    expect(story.universe.airflow(WEST)).toMatchObject({ role: 'active', unpaused: ['invoices', 'orders'] });
  });

  test('keeps a move away once both databases are empty', async () => {
    const story = await Story.ofARunningDeployment();
    const mishap: Mishap = ({ operation }) => (operation === 'DeleteObject' ? 'kill before' : undefined);
    await expect(uninstall(story, CONFIRM, story.process({ mishap }))).rejects.toThrow(Killed);
    await story.minutes(3);
    const error = await story.refusal('failover', { ...FAILOVER, override: 'force' });
    expect(error).toMatchObject({ code: 'MDR-NOT-INSTALLED' });
    expect(error.message).toContain('uninstalled');
  });
});

describe('an uninstall that is killed, or loses a reply, at any of its calls', () => {
  /** Runs it until it says that it is done. */
  async function insist(story: Story, mishap: Mishap): Promise<number> {
    let process = story.process({ mishap });
    for (let runs = 1; runs < 6; runs += 1) {
      try {
        await uninstall(story, CONFIRM, process);
        return process.calls;
      } catch (error) {
        const isMishap = error instanceof Killed || error instanceof AwsFault;
        if (!isMishap && !(error instanceof MdrError && error.code === 'MDR-LEASE-HELD')) throw error;
      }
      expect(twice(story)).toEqual([]);
      process = story.process();
      await story.minutes(2);
    }
    throw new Error('the uninstall never came to its end');
  }

  /** Calls worth a death: each that changes something, and the first look after it. */
  async function victims(): Promise<readonly number[]> {
    const found: number[] = [];
    let last = false;
    const story = await Story.ofARunningDeployment();
    await insist(story, ({ number, operation, key }: Call) => {
      const isChange =
        ['PutObject', 'DeleteObject'].includes(operation) || key.startsWith('POST') || key.startsWith('DELETE');
      if (isChange || last) found.push(number);
      last = isChange;
      return undefined;
    });
    return found;
  }

  test.each(['kill before', 'kill after', 'lose reply'] as const)('%s: the next run ends the same', async (fate) => {
    const numbers = await victims();
    expect(numbers.length).toBeGreaterThan(40);
    for (const victim of numbers) {
      const story = await Story.ofARunningDeployment();
      let free = 0;
      story.universe.clock.every(1_000, 500, () => {
        free += twice(story).length;
      });
      await insist(story, ({ number }) => (number === victim ? fate : undefined));
      await story.minutes(20);
      expect({ victim, free, traces: tracesOf(story) }).toEqual({ victim, free: 0, traces: [] });
      expect(story.universe.airflow(EAST).unpaused).toEqual(['invoices', 'orders']);
      expect(story.universe.airflow(WEST).unpaused).toEqual([]);
    }
  });
});

describe('An uninstall beside other troubles', () => {
  test('leaves a new environment to the team, whatever snapshots were kept', async () => {
    const story = await Story.ofARunningDeployment();
    await uninstall(story);
    story.universe.airflow(EAST).loseAll();
    for (const dagId of ['invoices', 'orders']) story.universe.airflow(EAST).dags.set(dagId, false);
    await story.minutes(2);
    await story.run('install', { wait: '900' });
    await story.minutes(10);
    expect(story.universe.airflow(EAST)).toMatchObject({ role: 'active', unpaused: ['invoices', 'orders'] });
    expect((await story.check()).findings).toEqual([]);
  });

  test('gives way to a failover when the active Region is lost in the midst of it', async () => {
    const story = await Story.ofARunningDeployment();
    const west = story.universe.airflow(WEST);
    const process = story.process({
      watch: () => {
        if (west.role === undefined) story.universe.lose(EAST);
      },
    });
    await expect(uninstall(story, CONFIRM, process)).rejects.toThrow();
    await story.minutes(20);
    const first = story.process();
    expect(await story.refusal('failover', FORCED, first)).toMatchObject({ code: 'MDR-TARGET-UNREADY' });
    expect(first.lines.join('\n')).toContain('run again once its canary has beaten');
    await story.minutes(10);
    expect(await story.failover(FORCED)).toMatchObject({ to: WEST });
    expect(west.role).toBe('active');
  });

  test('goes on to its end though a check has made a record anew meanwhile', async () => {
    const story = await Story.ofARunningDeployment();
    const process = story.process({
      mishap: ({ operation, key, region }) =>
        operation === 'DeleteObject' && key === keys.control('example') && region === EAST ? 'kill before' : undefined,
    });
    await expect(uninstall(story, CONFIRM, process)).rejects.toThrow(Killed);
    await story.minutes(5);
    await story.check();
    await story.minutes(5);
    await uninstall(story);
    expect(tracesOf(story)).toEqual([]);
  });

  test('is not held up by the fence of a site whose environment is gone for good', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    await story.failover();
    await story.minutes(10);
    story.universe.bringBack(EAST);
    const east = story.universe.airflow(EAST);
    east.status = 'DELETED';
    east.goDown();
    await story.minutes(60);
    await story.check();
    expect(await uninstall(story)).toMatchObject({
      sites: [
        { region: WEST, database: 'emptied' },
        { region: EAST, database: 'no environment' },
      ],
    });
    expect(story.universe.airflow(WEST).unpaused).toEqual(['invoices', 'orders']);
  });
});
