import { describe, expect, test } from '@jest/globals';
import type { Deployment } from '../../action/src/domain/deployment.ts';
import type { GitHub } from '../../action/src/domain/github.ts';
import { parseInputs } from '../../action/src/domain/inputs.ts';
import type { ReconcileResult } from '../../action/src/domain/reconcile-result.ts';
import type { Tools } from '../../action/src/domain/tools.ts';
import { observePlan } from '../../action/src/operations/plan.ts';
import { reconcileFile } from '../../action/src/operations/reconcile-file.ts';
import { MemoryRepository } from '../doubles/memory-repository.ts';
import { EAST } from '../doubles/story.ts';
import { PATH, ReconcileStory, withMwaa } from './reconcile-story.ts';

const WIDER = withMwaa({ maxWorkers: 15 });
const REPOSITORY = new MemoryRepository({});
const [OLD, HEAD] = ['1'.repeat(40), '2'.repeat(40)];

/** A branch of two commits, by the deployment file of each; `undefined` = it has none. */
function branchOf(files: Readonly<Record<string, Deployment | undefined>>): GitHub {
  const port: Partial<GitHub> = {
    defaultBranch: () => Promise.resolve('main'),
    headOf: () => Promise.resolve(HEAD),
    fileAt: (path, ref) => {
      const file = path === PATH ? files[ref] : undefined;
      return Promise.resolve(file === undefined ? undefined : { text: JSON.stringify(file), sha: 'x' });
    },
    pullRequestsOfCommit: () => Promise.resolve([]),
  };
  return port as GitHub;
}

/** A run of the workflow for a commit, started by its push or by hand, or started once more. */
function runOf(
  story: ReconcileStory,
  commit: string,
  file: Deployment,
  github: GitHub,
  inputs: Readonly<Record<string, string>> = {},
): Promise<ReconcileResult> {
  const process = story.process();
  const tools: Partial<Tools> = {
    world: () => process,
    github: () => github,
    log: process.log,
    repository: REPOSITORY,
    run: { commit, commits: [], pullRequest: undefined, url: undefined },
  };
  const parsed = parseInputs('reconcile', { 'github-token': 't', ...inputs });
  return reconcileFile(tools as Tools, { path: PATH, deployment: file }, parsed);
}

describe('A run of a commit that is no longer the newest', () => {
  test('takes nothing back that was merged after it', async () => {
    const story = await ReconcileStory.running();
    const old = WIDER(story.file);
    const github = branchOf({ [OLD]: old, [HEAD]: story.file });
    await expect(runOf(story, OLD, old, github)).rejects.toMatchObject({
      code: 'MDR-PLAN-OUTDATED',
      state: 'this run has touched nothing',
    });
    await expect(runOf(story, OLD, old, github, { scope: 'self-heal' })).rejects.toMatchObject({
      code: 'MDR-PLAN-OUTDATED',
    });
    expect(story.mutations).toEqual([]);
  });

  test('carries out nothing of a deployment whose file is gone from the branch', async () => {
    const story = await ReconcileStory.running();
    const old = WIDER(story.file);
    const github = branchOf({ [OLD]: old });
    await expect(runOf(story, OLD, old, github)).rejects.toMatchObject({ code: 'MDR-PLAN-OUTDATED' });
  });

  test('goes on where the commits after it left the deployment file alone', async () => {
    const story = await ReconcileStory.running();
    const github = branchOf({ [OLD]: story.file, [HEAD]: story.file });
    expect(await runOf(story, OLD, story.file, github)).toMatchObject({ outcome: 'in sync' });
  });

  test('does what somebody approves by its digest', async () => {
    const story = await ReconcileStory.running();
    const old = WIDER(story.file);
    const github = branchOf({ [OLD]: old, [HEAD]: story.file });
    const { plan } = await observePlan(story.process(), { path: PATH, deployment: old, repository: REPOSITORY });
    const { digest } = plan;
    expect(await runOf(story, OLD, old, github, { digest })).toMatchObject({ outcome: 'applied', pullRequest: null });
    expect(story.settings(EAST).MaxWorkers).toBe(15);
  });
});
