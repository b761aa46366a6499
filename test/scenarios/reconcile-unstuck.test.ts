import { describe, expect, test } from '@jest/globals';
import { deploymentSchema } from '../../action/src/domain/deployment.ts';
import type { ReconcileResult } from '../../action/src/domain/reconcile-result.ts';
import { observePlan } from '../../action/src/operations/plan.ts';
import { reconcile } from '../../action/src/operations/reconcile.ts';
import { MemoryRepository } from '../doubles/memory-repository.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { PATH, ReconcileStory, withMwaa, type Change } from './reconcile-story.ts';

const WIDER = withMwaa({ maxWorkers: 15 });
const TAGS = withMwaa({ tags: { team: 'platform', service: 'example' } });
const DEBUG = { TaskLogs: { Enabled: true, LogLevel: 'DEBUG' } };

const GATE = { code: 'MDR-GATE' };

describe('A proof that a site owes', () => {
  test('holds nothing up once the site is gone and need not be there', async () => {
    const story = await ReconcileStory.running();
    const first = await story.review(WIDER);
    story.universe.airflow(WEST).frozen = true;
    expect(await story.failure(first)).toMatchObject(GATE);
    story.universe.controlPlane(WEST).deleteEnvironment({ Name: story.nameIn(WEST) });
    await story.minutes(60);
    const later = await story.review((file) => ({ ...file, strategy: 'backup-restore' }));
    expect(await story.reconcile(later)).toMatchObject({ outcome: 'applied' });
    expect([story.settings(EAST).MaxWorkers, story.record(WEST)?.['unproven']]).toEqual([15, {}]);
  });

  test('holds nothing up at a site that is not managed any more', async () => {
    const story = await ReconcileStory.running();
    const first = await story.review(WIDER);
    const process = story.process({
      mishap: ({ operation, region }) => {
        if (operation === 'UpdateEnvironment' && region === EAST) story.universe.airflow(EAST).frozen = true;
        return undefined;
      },
    });
    expect(await story.failure(first, process)).toMatchObject(GATE);
    const later: Change = (file) => ({ ...withMwaa({ maxWorkers: 16 })(file), manage: 'standby-only' });
    const result = await story.reconcile(await story.review(later));
    expect(result.gates.map(({ region }) => region)).toEqual([WEST]);
    expect(story.record(WEST)?.['unproven']).toEqual({ [EAST]: 0 });
  });

  test('is not said to come from a plan that did not touch the site', async () => {
    const story = await ReconcileStory.running();
    const first = await story.review(WIDER);
    story.universe.airflow(WEST).frozen = true;
    await story.failure(first);
    expect(await story.failure(await story.review(TAGS))).toMatchObject({
      ...GATE,
      state: `${WEST}, the standby, was changed by an earlier plan, and not by this one; the active site was not touched`,
    });
  });

  test('is owed no more once MWAA has rolled the change back', async () => {
    const story = await ReconcileStory.running();
    const was = story.file;
    const failure = { code: 'X', message: 'no' };
    story.universe.controlPlane(WEST).failNextUpdate(story.nameIn(WEST), failure);
    expect(await story.failure(await story.review(WIDER))).toMatchObject({ code: 'MDR-UPDATE-FAILED' });
    expect(story.record(WEST)?.['unproven']).toEqual({});
    story.file = was;
    story.universe.airflow(WEST).importErrors = ['of-another-pipeline.py'];
    expect(await story.reconcile(await story.review(TAGS))).toMatchObject({ outcome: 'applied', gates: [] });
  });

  test('is still owed for a change before the one that MWAA has rolled back', async () => {
    const story = await ReconcileStory.running();
    const first = await story.review(WIDER);
    story.universe.airflow(WEST).frozen = true;
    await story.failure(first);
    const failure = { code: 'X', message: 'no' };
    story.universe.controlPlane(WEST).failNextUpdate(story.nameIn(WEST), failure);
    const second = await story.review(withMwaa({ maxWorkers: 16 }));
    expect(await story.failure(second)).toMatchObject({ code: 'MDR-UPDATE-FAILED' });
    expect(story.record(WEST)?.['unproven']).toEqual({ [WEST]: 0 });
  });
});

describe('A DAG that stops importing at both sites while the standby is changed', () => {
  const spoiled = async (regions: readonly string[]) => {
    const story = await ReconcileStory.running((file) =>
      deploymentSchema.parse({ ...file, artifacts: { dags: 'dags', replicationSeconds: 60 } }),
    );
    story.universe.clock.after(5 * 60_000, () => {
      for (const region of regions) story.universe.airflow(region).importErrors = ['orders.py'];
    });
    story.file = WIDER(story.file);
    return story;
  };

  const deploy = async (story: ReconcileStory): Promise<ReconcileResult> => {
    const repository = new MemoryRepository({ 'dags/orders.py': 'orders 2, robust' });
    const source = { path: PATH, deployment: story.file, repository };
    const { plan, fingerprints } = await observePlan(story.process(), source);
    return reconcile(story.process(), source, {
      expected: { digest: plan.digest, fingerprints, pullRequest: 7 },
      scope: 'all',
    });
  };

  test('does not keep its own cure away', async () => {
    expect(await deploy(await spoiled([WEST, EAST]))).toMatchObject({ outcome: 'applied', objects: 4 });
  });

  test('keeps the gate closed where only the standby cannot import it', async () => {
    const story = await spoiled([WEST]);
    await expect(deploy(story)).rejects.toMatchObject(GATE);
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`]);
  });
});

describe('The record of a run that was killed', () => {
  const killed = async () => {
    const story = await ReconcileStory.running();
    const was = story.file;
    const first = await story.review(WIDER);
    const process = story.process({
      mishap: ({ operation }) => (operation === 'UpdateEnvironment' ? 'kill before' : undefined),
    });
    await expect(story.reconcile(first, process)).rejects.toThrow();
    await story.minutes(60);
    return { story, revert: await story.review(() => was) };
  };
  const heal = (story: ReconcileStory, process = story.process()) => {
    story.edit(WEST, { LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG } });
    return story.reconcile(undefined, process, 'self-heal');
  };

  test('is closed by the run of its revert, so that self-heal is at work again', async () => {
    const { story, revert } = await killed();
    expect(await story.reconcile(revert)).toMatchObject({ outcome: 'in sync', steps: [] });
    expect(story.record(WEST)).toMatchObject({ outcome: 'done', unproven: { [WEST]: 0 } });
    expect(await heal(story)).toMatchObject({ outcome: 'applied' });
  });

  test('is named to whoever waits for its end', async () => {
    const { story } = await killed();
    const process = story.process();
    expect(await heal(story, process)).toMatchObject({ outcome: 'busy' });
    expect(process.lines).toContainEqual(
      expect.stringMatching(/^warning: .+ began a reviewed change \d+ min ago, and it has come to no end/),
    );
  });
});
