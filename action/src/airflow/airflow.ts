import type { z } from 'zod';
import { MAX_PATH } from '../aws/mwaa.ts';
import type { RestAnswer, RestApi } from '../aws/mwaa.ts';
import type { InvokeRestApiInput } from '../aws/invoke-rest-api.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { Airflow } from '../domain/ports.ts';
import { importErrors } from './import-errors.ts';
import { countWork } from './work.ts';
import { DIALECTS, dagRunSchema, dagsSchema, healthSchema } from './dialects.ts';

/** Both generations give at most 100 rows a page, fewer where the team has set `maximum_page_limit` lower. */
const PAGE = 100;

type Dags = readonly { dagId: string; isPaused: boolean }[];

/** Airflow inside the environments of one Region. */
export function createAirflow(api: RestApi, version: Deployment['airflowVersion']): Airflow {
  const dialect = DIALECTS[version];

  function read<T>(schema: z.ZodType<T>, request: InvokeRestApiInput, answer: RestAnswer): T {
    const result = answer.status < 300 ? schema.safeParse(answer.body) : undefined;
    if (result === undefined || result.error !== undefined) throw api.unexpected(request, answer);
    return result.data;
  }

  async function ask<T>(schema: z.ZodType<T>, request: InvokeRestApiInput): Promise<T> {
    return read(schema, request, await api.invoke(request));
  }

  async function dags(environment: string): Promise<Dags> {
    const all: Dags[number][] = [];
    for (let total = 1; all.length < total;) {
      const page = await ask(dagsSchema, {
        Name: environment,
        Path: '/dags',
        Method: 'GET',
        QueryParameters: { limit: PAGE, offset: all.length },
      });
      if (page.dags.length === 0) break;
      total = page.total_entries;
      all.push(...page.dags.map((dag) => ({ dagId: dag.dag_id, isPaused: dag.is_paused ?? false })));
    }
    return all;
  }

  return {
    region: api.region,
    async health(environment) {
      const { metadatabase, scheduler } = await ask(healthSchema, {
        Name: environment,
        Path: dialect.healthPath,
        Method: 'GET',
      });
      const latest = Date.parse(scheduler.latest_scheduler_heartbeat ?? '');
      return {
        metadatabase: metadatabase.status === 'healthy',
        scheduler: scheduler.status === 'healthy',
        latestSchedulerHeartbeat: Number.isNaN(latest) ? undefined : latest,
      };
    },
    dags,
    work: (environment, since) => countWork(api, environment, since),
    async trigger(environment, dagId, runId, conf) {
      const request: InvokeRestApiInput = {
        Name: environment,
        Path: `/dags/${dagId}/dagRuns`,
        Method: 'POST',
        Body: { dag_run_id: runId, conf, ...dialect.triggerExtra },
      };
      const answer = await api.invoke(request);
      if (answer.status === 404) return undefined;
      if (answer.status === 409) return 'existed';
      if (answer.status >= 300) throw api.unexpected(request, answer);
      return 'started';
    },
    async runState(environment, dagId, runId) {
      const request: InvokeRestApiInput = { Name: environment, Path: `/dags/${dagId}/dagRuns/${runId}`, Method: 'GET' };
      const answer = await api.invoke(request);
      return answer.status === 404 ? undefined : read(dagRunSchema, request, answer).state;
    },
    importErrors: (environment) => importErrors(api, environment),
    async pause(environment, dagId, { notAfter }) {
      const request = pauseOf(environment, dagId);
      const answer = await api.invoke(request, notAfter);
      if (answer.status >= 300) throw api.unexpected(request, answer);
    },
    async deleteDag(environment, dagId) {
      const request: InvokeRestApiInput = { Name: environment, Path: `/dags/${dagId}`, Method: 'DELETE' };
      const answer = await api.invoke(request);
      if (answer.status === 404) return 'missing';
      if (answer.status === 409) return 'busy';
      if (answer.status >= 300) throw api.unexpected(request, answer);
      return 'deleted';
    },
  };
}

/**
 * One DAG by its path. The path of an id that is too long for InvokeRestApi is given as a pattern instead; it matches
 * that DAG and ids that are longer still, never the short ones of our own DAGs.
 */
function pauseOf(environment: string, dagId: string): InvokeRestApiInput {
  const Path = `/dags/${encodeURIComponent(dagId)}`;
  const request = { Name: environment, Method: 'PATCH', Body: { is_paused: true } } as const;
  if (Path.length <= MAX_PATH) return { ...request, Path };
  return { ...request, Path: '/dags', QueryParameters: { limit: PAGE, dag_id_pattern: dagId } };
}
