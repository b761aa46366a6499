import { fleetFailure } from '../domain/fleet-failure.ts';
import type { Inputs } from '../domain/inputs.ts';
import { concerned, matrixOf } from '../domain/matrix.ts';
import type { MatrixResult } from '../domain/results.ts';
import type { Tools } from '../domain/tools.ts';
import { pullsOfPush } from './pushed-pulls.ts';

/** GitHub lists no more files of a pull request: docs.github.com, List pull requests files. */
const LISTED = 3_000;

/** The jobs that a fleet needs: for all deployments, or for those that a change concerns. */
export async function matrix(tools: Tools, inputs: Inputs<'matrix'>): Promise<MatrixResult> {
  const { changed, reason } = inputs['only-changed']
    ? await changedPaths(tools)
    : { changed: undefined, reason: 'all' };
  const files = changed === undefined ? tools.files : concerned(tools.files, changed);
  return {
    operation: 'matrix',
    files: tools.files.length,
    matrix: matrixOf(files),
    failures: files.flatMap((file) => ('error' in file ? [fleetFailure(file, file.error)] : [])),
    reason,
  };
}

interface Changed {
  /** `undefined` where nobody can say: then everything is concerned. */
  readonly changed: readonly string[] | undefined;
  readonly reason: string;
}
const everything = (why: string): Changed => ({ changed: undefined, reason: `all: ${why}` });

async function changedPaths(tools: Tools): Promise<Changed> {
  const numbers = await pullsBehind(tools);
  const [first] = numbers;
  if (first === undefined) return everything('no pull request brought all of this');
  const changed: string[] = [];
  for (const number of numbers) {
    const paths = await tools.github().changedFiles(number);
    if (paths.length >= LISTED) return everything(`pull request #${number} changes more than GitHub lists`);
    changed.push(...paths);
  }
  return { changed, reason: reasonOf(numbers) };
}

const reasonOf = (numbers: readonly number[]): string => {
  const all = numbers.map((number) => `#${number}`).join(', ');
  return numbers.length === 1 ? `what pull request ${all} changes` : `what pull requests ${all} change`;
};

/** Numbers of the pull requests that this run is about; none when some of it came without one. */
async function pullsBehind(tools: Tools): Promise<readonly number[]> {
  const { run } = tools;
  if (run.pullRequest !== undefined) return [run.pullRequest];
  const commits = run.commits ?? (run.commit === undefined ? [] : [run.commit]);
  const { pulls, areAll } = await pullsOfPush(tools.github(), commits);
  return areAll ? pulls.map(({ number }) => number).toSorted((a, b) => a - b) : [];
}
