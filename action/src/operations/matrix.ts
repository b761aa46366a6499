import type { Inputs } from '../domain/inputs.ts';
import { concerned, matrixOf } from '../domain/matrix.ts';
import type { MatrixResult } from '../domain/results.ts';
import type { Tools } from '../domain/tools.ts';

/** The jobs that a fleet needs: for all deployments, or for those that a change concerns. */
export async function matrix(tools: Tools, inputs: Inputs<'matrix'>): Promise<MatrixResult> {
  const { changed, reason } = inputs['only-changed']
    ? await changedPaths(tools)
    : { changed: undefined, reason: 'all' };
  const files = changed === undefined ? tools.files : concerned(tools.files, changed);
  return { operation: 'matrix', files: tools.files.length, matrix: matrixOf(files), reason };
}

/** `changed` is `undefined` where nobody can say: then everything is concerned. */
async function changedPaths(tools: Tools): Promise<{ changed: readonly string[] | undefined; reason: string }> {
  const { run } = tools;
  const pull = run.pullRequest ?? (await mergedBy(tools.github(), run.commit));
  if (pull === undefined) return { changed: undefined, reason: 'all: no pull request brought this commit' };
  return { changed: await tools.github().changedFiles(pull), reason: `what pull request #${pull} changes` };
}

async function mergedBy(github: ReturnType<Tools['github']>, commit: string | undefined): Promise<number | undefined> {
  if (commit === undefined) return undefined;
  const pulls = await github.pullRequestsOfCommit(commit);
  return pulls.find(({ state }) => state === 'merged')?.number;
}
