import type { z } from 'zod';
import type { RestAnswer, RestApi } from '../aws/mwaa.ts';
import type { InvokeRestApiInput } from '../aws/invoke-rest-api.ts';
import type { Deployment } from '../domain/deployment.ts';
import { AwsFault } from '../domain/faults.ts';
import { DAG_IDS } from '../domain/names.ts';
import type { Airflow } from '../domain/ports.ts';
import { importErrors } from './import-errors.ts';
import { DIALECTS, dagRunSchema, dagsSchema, healthSchema } from './dialects.ts';

/** Both generations give at most 100 rows a page, and a PATCH of `/dags` changes one page too. */
const PAGE = 100;

const isOurs = (dagId: string): boolean => dagId.startsWith('mwaadr_');

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

  /** Every page of `/dags`; `change` turns the reading into a PATCH of the same rows. */
  async function* pages(environment: string, change?: { is_paused: boolean }): AsyncGenerator<Dags> {
    for (let offset = 0, total = 1; offset < total; offset += PAGE) {
      const { dags, total_entries } = await ask(dagsSchema, {
        Name: environment,
        Path: '/dags',
        Method: change === undefined ? 'GET' : 'PATCH',
        QueryParameters: { limit: PAGE, offset, ...(change === undefined ? {} : { dag_id_pattern: '%' }) },
        ...(change === undefined ? {} : { Body: change }),
      });
      total = total_entries;
      yield dags.map((dag) => ({ dagId: dag.dag_id, isPaused: dag.is_paused ?? false }));
    }
  }

  async function dags(environment: string): Promise<Dags> {
    const all: Dags[] = [];
    for await (const page of pages(environment)) all.push(page);
    return all.flat();
  }

  /** A pattern cannot leave ours out, and paused they would never obey again. */
  async function unpauseOurs(environment: string): Promise<void> {
    for (const dagId of Object.values(DAG_IDS)) {
      const request = {
        Name: environment,
        Path: `/dags/${dagId}`,
        Method: 'PATCH',
        Body: { is_paused: false },
      } as const;
      const answer = await api.invoke(request);
      if (answer.status >= 300 && answer.status !== 404) throw api.unexpected(request, answer);
    }
  }

  async function pauseEverything(environment: string): Promise<void> {
    for await (const page of pages(environment, { is_paused: true }))
      if (page.some(({ dagId }) => isOurs(dagId))) await unpauseOurs(environment);
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
    async pauseAllUserDags(environment) {
      try {
        await pauseEverything(environment);
      } catch (error) {
        // It may have been done although no answer came.
        if (error instanceof AwsFault && error.quality === 'dark')
          await unpauseOurs(environment).catch(() => undefined);
        throw error;
      }
      const after = await dags(environment);
      return after.filter(({ dagId, isPaused }) => isPaused && !isOurs(dagId)).length;
    },
  };
}
