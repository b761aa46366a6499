import { describe, expect, test } from '@jest/globals';
import type { Deployment } from '../../action/src/domain/deployment.ts';
import { MdrError } from '../../action/src/domain/errors.ts';
import type { ReconcileRequest } from '../../action/src/domain/reconcile.ts';
import type { ReconcileResult } from '../../action/src/domain/reconcile-result.ts';
import { observePlan } from '../../action/src/operations/plan.ts';
import { reconcile } from '../../action/src/operations/reconcile.ts';
import { MemoryRepository } from '../doubles/memory-repository.ts';
import type { Process } from '../doubles/process.ts';
import { EAST, FAILOVER, WEST } from '../doubles/story.ts';
import { PATH, ReconcileStory, withMwaa } from './reconcile-story.ts';

const REPLICATION_SECONDS = 900;
const artifacts = { dags: 'dags', requirements: 'requirements.txt', replicationSeconds: REPLICATION_SECONDS };

/** A deployment whose artifacts are deployed, and whose replication is late from now on. */
async function deployed() {
  const story = await ReconcileStory.running((file) => ({ ...file, artifacts }));
  const repository = new MemoryRepository({ 'dags/a.py': 'a 1', 'dags/old.py': 'old', 'requirements.txt': 'x==1' });
  const source = () => ({ path: PATH, deployment: story.file, repository });
  const review = async () => {
    const { plan, fingerprints } = await observePlan(story.process(), source());
    return { digest: plan.digest, fingerprints, pullRequest: 7 };
  };
  const run = async (process = story.process(), more: Partial<ReconcileRequest> = {}): Promise<ReconcileResult> =>
    reconcile(process, source(), { expected: await review(), scope: 'all', ...more });
  expect(await run()).toMatchObject({ outcome: 'applied' });
  await story.minutes(5);
  story.universe.s3(EAST).replicate = () => undefined;
  return { story, repository, review, run };
}

/** Writes of a process to the DAGs buckets, from the moment on at which `from` says so. */
function writesOf(story: ReconcileStory): { process: Process; after: () => readonly string[]; mark: () => void } {
  const writes: string[] = [];
  let marked = 0;
  const process = story.process({
    mishap: ({ operation, region, key }) => {
      const isWrite = operation === 'PutObject' || operation === 'DeleteObject';
      if (isWrite && !key.startsWith('control/')) writes.push(`${operation} ${region} ${key}`);
      return undefined;
    },
  });
  return {
    process,
    mark: () => {
      marked = writes.length;
    },
    after: () => writes.slice(marked),
  };
}

const codeOf = (running: Promise<ReconcileResult>): Promise<string> =>
  running.then(
    ({ outcome }) => outcome,
    (error: unknown) => (error instanceof MdrError ? error.code : String(error)),
  );

describe('Artifacts on their way to the standby', () => {
  test('are written no further once a failover has taken the lease', async () => {
    const { story, repository, run } = await deployed();
    repository.files.set('dags/a.py', 'a 2');
    repository.files.delete('dags/old.py');
    const { process, mark, after } = writesOf(story);
    const running = codeOf(run(process));
    await story.minutes(3);
    expect(await story.failover({ ...FAILOVER, override: 'force' })).toMatchObject({ to: WEST });
    mark();
    expect(await running).toBe('MDR-LEASE-LOST');
    expect(after()).toEqual([]);
  });

  test('leave time for an edit of an environment, which is not overwritten unseen', async () => {
    const { story, repository, run } = await deployed();
    repository.files.set('requirements.txt', 'x==2');
    story.file = withMwaa({ maxWorkers: 15 })(story.file);
    const running = codeOf(run());
    await story.minutes(5);
    const before = story.mutations.length;
    story.edit(WEST, { MinWorkers: 4 });
    expect(await running).toBe('MDR-PLAN-MOVED');
    expect(story.mutations.slice(before)).toEqual([]);
  });

  test('leave time for a window to begin, in which no environment is changed any more', async () => {
    const { story, repository, run } = await deployed();
    repository.files.set('requirements.txt', 'x==2');
    const from = new Date(story.universe.clock.now() + 5 * 60_000).toISOString();
    const freeze: Deployment['freeze'] = [{ reason: 'end of the year', from, to: '2026-11-30T00:00:00Z' }];
    story.file = { ...story.file, freeze };
    const before = story.mutations.length;
    const result = await run();
    expect(result).toMatchObject({ outcome: 'held', steps: [] });
    expect(result.objects).toBeGreaterThan(0);
    expect(story.mutations.slice(before)).toEqual([]);
  });

  test('reach both sites and both environments in one run, though it looks again between', async () => {
    const { story, repository, run } = await deployed();
    repository.files.set('requirements.txt', 'x==2');
    repository.files.set('dags/a.py', 'a 2');
    expect(await run()).toMatchObject({ outcome: 'applied' });
    expect(await run()).toMatchObject({ outcome: 'in sync' });
    expect(story.settings(EAST).RequirementsS3ObjectVersion).toBeDefined();
  });
});

describe('The artifacts of a commit that is no longer the newest', () => {
  test('are not deployed: that would take back what was merged later', async () => {
    const { story, repository, run } = await deployed();
    repository.files.set('dags/a.py', 'a 0');
    const { process, after } = writesOf(story);
    expect(await codeOf(run(process, { newer: 'fedcba9876543210' }))).toBe('MDR-PLAN-OUTDATED');
    expect(after()).toEqual([]);
  });

  test('are refused with what an earlier run has done, and the digest that finishes it by hand', async () => {
    const { story, repository, review, run } = await deployed();
    repository.files.set('dags/a.py', 'a 2');
    story.file = withMwaa({ maxWorkers: 15 })(story.file);
    const expected = await review();
    story.universe.airflow(WEST).frozen = true;
    expect(await codeOf(run(story.process(), { expected }))).toBe('MDR-GATE');
    story.universe.airflow(WEST).frozen = false;
    const { digest } = await review();
    await expect(run(story.process(), { expected, newer: 'fedcba9876543210' })).rejects.toMatchObject({
      code: 'MDR-PLAN-OUTDATED',
      fix: expect.stringContaining(`\`digest\` ${digest}`),
      state: expect.stringContaining('us-west-2 was told the reviewed changes already'),
    });
    const byHand = { digest, fingerprints: undefined, pullRequest: undefined };
    expect(await codeOf(run(story.process(), { expected: byHand }))).toBe('applied');
  });

  test('hold up no change of the environments alone', async () => {
    const { story, run } = await deployed();
    story.file = withMwaa({ maxWorkers: 15 })(story.file);
    expect(await codeOf(run(story.process(), { newer: 'fedcba9876543210' }))).toBe('applied');
  });
});
