import type { Clock } from './clock.ts';
import type { EnvironmentStatus } from './environment.ts';
import { internalServer, validation } from './errors.ts';
import type { AirflowRuntime, RestMethod, RestResponse } from './runtime.ts';

export interface InvokeRestApiInput {
  Name: string;
  Path: string;
  Method: RestMethod;
  QueryParameters?: Record<string, unknown>;
  Body?: unknown;
}

/** https://docs.aws.amazon.com/mwaa/latest/userguide/access-mwaa-apache-airflow-rest-api.html */
const REST_PATH_LENGTH = 64;
const REST_TIME_LIMIT_MS = 10_000;
const REST_RESPONSE_BYTES = 6 * 1024 * 1024;
export const REST_CALLS_PER_SECOND = 10;
const METHODS: readonly string[] = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];
/** States in which Airflow's web server answers. */
const SERVING: readonly EnvironmentStatus[] = [
  'AVAILABLE',
  'UPDATING',
  'UPDATE_FAILED',
  'CREATING_SNAPSHOT',
  'MAINTENANCE',
];

export const isServing = (status: EnvironmentStatus): boolean => SERVING.includes(status);

export function requireValidCall({ Path, Method }: InvokeRestApiInput): void {
  if (typeof Path !== 'string' || Path.length < 1 || Path.length > REST_PATH_LENGTH)
    throw validation(
      `Value at 'path' failed to satisfy constraint: Member must have length from 1 to ${REST_PATH_LENGTH}`,
    );
  if (!METHODS.includes(Method))
    throw validation(`Value '${Method}' at 'method' failed to satisfy constraint: Member must satisfy enum value set`);
}

/** Airflow's answer; 504 when it is too late, 503 when there is none. */
export async function callAirflow(
  { Name, Path, Method, QueryParameters, Body }: InvokeRestApiInput,
  runtime: AirflowRuntime,
  clock: Clock,
): Promise<RestResponse> {
  const limit = new AbortController();
  const request = { method: Method, path: Path, query: QueryParameters ?? {}, body: Body, signal: limit.signal };
  const answered = runtime.invokeRest(Name, request).catch((error: unknown) => unreachable(error));
  const tooLate = clock.delay(REST_TIME_LIMIT_MS, limit.signal).then(
    () => ({ status: 504, body: { detail: 'Airflow did not answer within 10 seconds.' } }),
    () => answered,
  );
  const response = await Promise.race([answered, tooLate]);
  limit.abort();
  if (Buffer.byteLength(JSON.stringify([response.body])) > REST_RESPONSE_BYTES)
    throw internalServer('The response is larger than 6 MB.');
  return response;
}

function unreachable(error: unknown): RestResponse {
  return { status: 503, body: { detail: `The web server can't be reached: ${String(error)}` } };
}
