import type { Deployment } from './deployment.ts';
import type { RuleProblem } from './deployment-rules.ts';
import { isSameJson, valueIn } from './raw.ts';

/**
 * What a deployment file may already say, but this release does not carry out: refused, since a policy that is read and
 * not followed shows only on the bad day.
 */
interface Unsupported {
  readonly path: readonly string[];
  /** The value that is carried out: what leaving the field away means. */
  readonly carriedOut: unknown;
  /** What happens instead. */
  readonly instead: string;
}

const NOTHING_LEFT_OUT = 'every table is copied, with its whole history';
const FAILS_OVER = 'variables, connections and pools of the standby are replaced by those of the snapshot';

export const UNSUPPORTED: readonly Unsupported[] = [
  { path: ['restore', 'variables'], carriedOut: 'replace', instead: FAILS_OVER },
  { path: ['restore', 'connections'], carriedOut: 'replace', instead: FAILS_OVER },
  { path: ['restore', 'pools'], carriedOut: 'replace', instead: FAILS_OVER },
  {
    path: ['restore', 'inFlight', 'default'],
    carriedOut: 'rerun',
    instead: 'tasks that were cut off run again; deferred tasks and retries go on as they were',
  },
  { path: ['restore', 'inFlight', 'dags'], carriedOut: {}, instead: 'one policy holds for all DAGs' },
  {
    path: ['restore', 'gap', 'default'],
    carriedOut: 'rerun',
    instead: 'runs that began after the snapshot are scheduled again',
  },
  { path: ['restore', 'gap', 'dags'], carriedOut: {}, instead: 'one policy holds for all DAGs' },
  { path: ['siteLocal', 'variables'], carriedOut: [], instead: FAILS_OVER },
  { path: ['siteLocal', 'connections'], carriedOut: [], instead: FAILS_OVER },
  { path: ['siteLocal', 'pools'], carriedOut: [], instead: FAILS_OVER },
  { path: ['snapshot', 'excludeTables'], carriedOut: [], instead: NOTHING_LEFT_OUT },
  { path: ['snapshot', 'historyDays'], carriedOut: undefined, instead: NOTHING_LEFT_OUT },
  {
    path: ['snapshot', 'keepDays'],
    carriedOut: undefined,
    instead: 'snapshots are kept until somebody deletes them',
  },
  { path: ['hooks', 'beforeMove'], carriedOut: [], instead: 'a move starts nothing of yours' },
  { path: ['hooks', 'afterMove'], carriedOut: [], instead: 'a move starts nothing of yours' },
  { path: ['health', 'automaticFailover'], carriedOut: false, instead: 'a human starts every move' },
];

export const unsupportedProblems = (deployment: Deployment): readonly RuleProblem[] =>
  UNSUPPORTED.filter(({ path, carriedOut }) => !isSameJson(valueIn(deployment, path), carriedOut)).map(
    ({ path, instead }) => ({
      path,
      message: `${path.join('.')} is not carried out by this release: ${instead}`,
      fix: 'Leave it away.',
    }),
  );
