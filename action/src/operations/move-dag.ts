import type { DrResult } from '../domain/dr-result.ts';
import { MdrError, isErrorCode } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { runDrDag } from './dr-run.ts';
import type { DrJob } from './dr-run.ts';
import type { MoveScene } from './move-steps.ts';

interface Order {
  readonly snapshot: { readonly id: string; readonly manifestSha256: string };
  readonly unpause?: readonly string[];
}

interface MoveJob {
  readonly dagId: string;
  readonly runId: string;
  readonly limitSeconds: number;
  readonly failure: ErrorCode;
  /** What a run is told, beside what every run of a move is; asked only when one has to be started. */
  readonly order: () => Order | Promise<Order>;
  readonly isUndone?: DrJob['isUndone'];
}

/** Runs a DR DAG of this move at the target. Throws the DAG's own code, or `failure`, when it did not succeed. */
export async function runMoveDag(scene: MoveScene, job: MoveJob): Promise<DrResult> {
  const { world, deployment, to, move } = scene;
  const conf = async () => {
    const {
      snapshot: { id: snapshot, manifestSha256 },
      ...more
    } = await job.order();
    return { ...more, move: move.id, epoch: move.epoch, snapshot, manifestSha256 };
  };
  const result = await runDrDag(world, to, deployment, { ...job, conf });
  if (result.ok) return result;
  throw new MdrError({
    code: isErrorCode(result.code) ? result.code : job.failure,
    message: `${result.dagRunId} in ${to.region} ${result.outcome}: ${result.message ?? 'it gave no reason'}`,
    fix: `Read the task log of ${job.dagId} in ${to.site.environment}, then run again: the step starts a new attempt.`,
    state: 'its transaction was rolled back: it changed nothing',
  });
}
