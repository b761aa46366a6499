import { z } from 'zod';
import type { RestApi } from '../aws/mwaa.ts';
import { DAG_IDS } from '../domain/names.ts';
import type { Work } from '../domain/ports.ts';

/** As much of a page of task instances as both generations have alike. */
const counted = z.object({ total_entries: z.int() });

type Filter = Readonly<Record<string, string | number>>;

/**
 * Seconds. What the scheduler settles by itself, without a worker, takes none: tasks that are skipped or do nothing.
 */
const BY_A_WORKER = 0.001;

const EVERY = '~';

/**
 * Task instances over all DAGs and runs, counted by Airflow:
 * https://airflow.apache.org/docs/apache-airflow/2.10.3/stable-rest-api-ref.html#operation/get_task_instances, and the
 * same of `/api/v2`.
 */
export async function countWork(api: RestApi, environment: string, since: number): Promise<Work> {
  /** `undefined`: there is no such DAG. */
  async function countOf(dag: string, filter: Filter): Promise<number | undefined> {
    const request = {
      Name: environment,
      Path: `/dags/${dag}/dagRuns/~/taskInstances`,
      Method: 'GET',
      QueryParameters: { limit: 1, ...filter },
    } as const;
    const answer = await api.invoke(request);
    if (answer.status === 404 && dag !== EVERY) return undefined;
    const read = answer.status < 300 ? counted.safeParse(answer.body) : undefined;
    if (read?.data === undefined) throw api.unexpected(request, answer);
    return read.data.total_entries;
  }
  const count = async (filter: Filter): Promise<number> => (await countOf(EVERY, filter)) ?? 0;
  const lately = { start_date_gte: new Date(since).toISOString() };
  const [queued, running, begun, ended, ourWaiting] = await Promise.all([
    count({ state: 'queued' }),
    count({ state: 'running' }),
    count({ state: 'running', ...lately }),
    count({ duration_gte: BY_A_WORKER, ...lately }),
    countOf(DAG_IDS.canary, { state: 'queued' }),
  ]);
  return { queued, running, startedSince: begun + ended, ourWaiting, of: 'Airflow' };
}
