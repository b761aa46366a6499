import { z } from 'zod';
import type { Deployment } from '../domain/deployment.ts';

/** What differs between the generations of Airflow's REST API; everything else is the same. */
export interface Dialect {
  readonly healthPath: string;
  /** What the body of a new DAG run has besides id and conf. */
  readonly triggerExtra: Readonly<Record<string, unknown>>;
}

/** `/api/v1`: https://airflow.apache.org/docs/apache-airflow/2.10.3/stable-rest-api-ref.html */
const v1: Dialect = { healthPath: '/health', triggerExtra: {} };
/** `/api/v2`: refuses a run without `logical_date`; null means "now, and no interval". */
const v2: Dialect = { healthPath: '/monitor/health', triggerExtra: { logical_date: null } };

export const DIALECTS: Readonly<Record<Deployment['airflowVersion'], Dialect>> = { '2.10.3': v1, '3.3.1': v2 };

const component = z.object({ status: z.string().nullish() });

export const healthSchema = z.object({
  metadatabase: component,
  scheduler: component.extend({ latest_scheduler_heartbeat: z.string().nullish() }),
});

export const dagsSchema = z.object({
  dags: z.array(z.object({ dag_id: z.string(), is_paused: z.boolean().nullable() })),
  total_entries: z.int(),
});

export const dagRunSchema = z.object({ state: z.enum(['queued', 'running', 'success', 'failed']) });
