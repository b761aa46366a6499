import { describe, expect, test } from '@jest/globals';
import { unseal } from '../../action/src/domain/envelope.ts';
import { keys } from '../../action/src/domain/names.ts';
import type { InstallResult, SnapshotResult, StatusResult, VerifyResult } from '../../action/src/domain/results.ts';
import { unwrapKey } from '../doubles/memory-kms.ts';
import { EAST, Story, WEST } from '../doubles/story.ts';

describe('install', () => {
  test('brings everything to both sites, and a second time changes nothing', async () => {
    const story = new Story();
    const first = (await story.run('install', { wait: '300' })) as InstallResult;
    expect(first).toMatchObject({
      changed: true,
      sites: [
        { region: EAST, uploaded: ['deployment.json', 'mwaadr_dags.py'], control: 'created', holdInstalled: true },
        { region: WEST, uploaded: ['deployment.json', 'mwaadr_dags.py'], control: 'created', holdInstalled: true },
      ],
    });
    expect(story.control(EAST)).toMatchObject({ epoch: 0, phase: 'activated', activated: { site: EAST, epoch: 0 } });
    expect([story.universe.airflow(EAST).role, story.universe.airflow(WEST).role]).toEqual(['active', 'standby']);
    const second = (await story.run('install', {})) as InstallResult;
    expect(second).toMatchObject({ changed: false, sites: [{ unchanged: 2, control: 'present' }, { unchanged: 2 }] });
  });

  test('after a move gives a record that was lost back as the other site has it', async () => {
    const story = await Story.ofARunningDeployment();
    await story.failover({ target: WEST, reason: 'x', confirm: 'example', override: 'force' });
    story.universe.s3(EAST).delete(story.universe.bucket(EAST), keys.control('example'));
    await story.run('install', {});
    expect(story.control(EAST)).toMatchObject({ epoch: 1, phase: 'activated', activated: { site: WEST, epoch: 1 } });
  });

  test('gives both records back that were lost, as heartbeats and snapshots tell of the move', async () => {
    const story = await Story.ofARunningDeployment();
    await story.failover({ target: WEST, reason: 'x', confirm: 'example', override: 'force' });
    await story.minutes(5);
    for (const region of [EAST, WEST])
      story.universe.s3(region).delete(story.universe.bucket(region), keys.control('example'));
    await story.run('install', {});
    for (const region of [EAST, WEST])
      expect(story.control(region)).toMatchObject({
        epoch: 1,
        phase: 'activated',
        activated: { site: WEST, epoch: 1 },
      });
  });

  test('refuses when the sites of the deployment file were swapped', async () => {
    const story = await Story.ofARunningDeployment();
    const s3 = story.universe.s3(WEST);
    const key = keys.control('example');
    const swapped = { ...story.control(WEST), activated: { ...story.control(WEST).activated, site: WEST } };
    s3.put(story.universe.bucket(WEST), key, JSON.stringify(swapped), 'any');
    expect(await story.refusal('install', {})).toMatchObject({ code: 'MDR-CONTROL-INVALID' });
  });

  test('says that a canary that never beats is what it waits for', async () => {
    const story = new Story();
    story.universe.airflow(WEST).frozen = true;
    expect(await story.refusal('install', { wait: '300' })).toMatchObject({ code: 'MDR-TIMEOUT' });
  });
});

describe('snapshot', () => {
  test('leaves a fresh one alone and verifies it', async () => {
    const story = await Story.ofARunningDeployment();
    const result = (await story.run('snapshot', {})) as SnapshotResult;
    expect(result).toMatchObject({
      outcome: 'fresh',
      verified: { site: WEST, parts: 2, lineage: { site: EAST, epoch: 0 } },
    });
  });

  test('takes one when forced, waits for its copy and verifies that', async () => {
    const story = await Story.ofARunningDeployment();
    const result = (await story.run('snapshot', { force: 'true' })) as SnapshotResult;
    expect(result.outcome).toBe('taken');
    expect(result.rpo.measuredSeconds).toBeLessThan(60);
  });

  test('takes one when the newest is older than half the objective', async () => {
    const story = await Story.ofARunningDeployment();
    await story.minutes(8);
    expect(((await story.run('snapshot', {})) as SnapshotResult).outcome).toBe('taken');
  });

  test('that fails says why', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).spoiled.set('mwaadr_snapshot', { ok: false, outcome: 'failed', message: 'no way in' });
    const error = await story.refusal('snapshot', { force: 'true' });
    expect(error.code).toBe('MDR-SNAPSHOT-FAILED');
    expect(error.message).toContain('no way in');
  });
});

describe('verify', () => {
  test('verifies the snapshot that is named', async () => {
    const story = await Story.ofARunningDeployment();
    const { snapshots } = (await story.run('status', {})) as StatusResult;
    const oldest = snapshots.at(-1)?.id ?? '';
    expect(((await story.run('verify', { snapshot: oldest })) as VerifyResult).snapshot.id).toBe(oldest);
  });
});

describe('status', () => {
  test('shows both sites, the lease, the move, the debts and dead branches', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    await story.failover();
    story.universe.bringBack(EAST);
    await story.minutes(12);
    const status = (await story.run('status', {})) as StatusResult;
    expect(status).toMatchObject({
      active: WEST,
      standby: EAST,
      epoch: 1,
      phase: 'activated',
      move: undefined,
      debts: [{ kind: 'claim' }, { kind: 'fence' }],
      sites: [
        {
          region: EAST,
          role: 'standby',
          status: 'AVAILABLE',
          control: 'epoch 0, activated',
          heartbeat: { role: 'standby' },
        },
        { region: WEST, role: 'active', control: 'epoch 1, activated', heartbeat: { role: 'active', epoch: 1 } },
      ],
    });
    expect(new Set(status.snapshots.map(({ epoch, deadBranch }) => `${epoch} ${deadBranch}`))).toEqual(
      new Set(['1 false', '0 true']),
    );
  });

  test('says what it cannot see of a lost Region', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    const { sites, active } = (await story.run('status', {})) as StatusResult;
    expect(active).toBe(EAST);
    expect(sites[0]).toMatchObject({
      status: 'unreadable: dark',
      control: 'unreadable: dark',
      heartbeat: { role: 'active' },
    });
  });
});

describe('check', () => {
  test('keeps both environments, sealed, in both buckets while they are healthy', async () => {
    const story = await Story.ofARunningDeployment();
    expect((await story.check()).savedEnvironments).toEqual([EAST, WEST]);
    const key = keys.environment('example', EAST);
    const stored = story.universe.s3(WEST).json(story.universe.bucket(WEST), key) as never as {
      wraps: { region: string; keyArn: string; ciphertext: string }[];
      nonce: string;
      ciphertext: string;
    };
    expect(JSON.stringify(stored)).not.toContain('planted-secret');
    const wrap = stored.wraps.find(({ region }) => region === WEST);
    const context = { 'mwaadr:deployment': 'example', 'mwaadr:environment': EAST };
    const dataKey = unwrapKey(wrap?.keyArn ?? '', Buffer.from(wrap?.ciphertext ?? '', 'base64'), context);
    const nonce = Buffer.from(stored.nonce, 'base64');
    const opened = unseal(
      dataKey ?? Buffer.alloc(0),
      nonce,
      Buffer.from(stored.ciphertext, 'base64'),
      `example/environment/${EAST}`,
    );
    expect(Buffer.from(opened).toString('utf8')).toContain('planted-secret');
  });

  test('says so when it cannot save an environment, and is healthy all the same', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.fault({ service: 'kms', quality: 'denied', region: WEST });
    const { verdict, warnings, savedEnvironments } = await story.check();
    expect(verdict.key).toBe('HEALTHY');
    expect(savedEnvironments).toEqual([]);
    expect(warnings).toHaveLength(2);
  });

  test('is DEGRADED and UNPROTECTED until the first snapshot has arrived', async () => {
    const story = new Story();
    await story.run('install', { wait: '300' });
    for (const region of [EAST, WEST]) {
      const s3 = story.universe.s3(region);
      const bucket = story.universe.bucket(region);
      for (const { key } of s3.list(bucket, 'snapshots/')) s3.delete(bucket, key);
    }
    const { verdict, snapshot } = await story.check();
    expect(verdict.key).toBe('DEGRADED');
    expect(verdict.evidence.join()).toContain('UNPROTECTED');
    expect(snapshot).toBeUndefined();
  });

  test('is DEGRADED when the standby is not held', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(WEST).role = 'active';
    await story.minutes(3);
    const { verdict } = await story.check();
    expect(verdict.key).toBe('DEGRADED');
    expect(verdict.evidence.join()).toContain('not held');
  });

  test('stops waiting when the runner is asked to stop', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    const process = story.process();
    story.universe.clock.after(60_000, () => {
      process.stopper.abort();
    });
    const began = story.universe.clock.now();
    await story.check({ wait: '3600' }, process);
    expect(story.universe.clock.now() - began).toBeLessThan(120_000);
  });
});

describe('a failover that is asked to stop', () => {
  test('ends at the next safe point, and the next run goes on', async () => {
    const story = await Story.ofARunningDeployment();
    const process = story.process();
    story.universe.clock.after(10_000, () => {
      process.stopper.abort();
    });
    const inputs = { target: WEST, reason: 'x', confirm: 'example', override: 'force' };
    expect(await story.refusal('failover', inputs, process)).toMatchObject({ code: 'MDR-STOPPED' });
    expect(story.control(WEST)).toMatchObject({ lease: null, move: null });
    expect(await story.failover(inputs)).toMatchObject({ resumed: false, fence: 'stopped', debts: [] });
  });
});
