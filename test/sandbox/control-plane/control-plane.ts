import { randomUUID } from 'node:crypto';
import { RateLimit, systemClock, type Clock } from './clock.ts';
import {
  requireValidInput,
  requireValidName,
  withDefaults,
  type Environment,
  type EnvironmentInput,
  type EnvironmentStatus,
  type LastUpdate,
} from './environment.ts';
import { internalServer, notFound, restApiError, throttling, validation } from './errors.ts';
import type { AirflowRuntime, RestMethod, RestResponse } from './runtime.ts';

export interface ControlPlaneOptions {
  region: string;
  account: string;
  runtime: AirflowRuntime;
  clock?: Clock;
  /** How long an environment is CREATING or UPDATING at least; on AWS 20 to 30 minutes. */
  creatingMs?: number;
  updatingMs?: number;
}

export interface InvokeRestApiInput {
  Name: string;
  Path: string;
  Method: RestMethod;
  QueryParameters?: Record<string, unknown>;
  Body?: unknown;
}

export type UpdateEnvironmentInput = Partial<EnvironmentInput> & {
  Name: string;
  WorkerReplacementStrategy?: 'FORCED' | 'GRACEFUL';
};

/** https://docs.aws.amazon.com/mwaa/latest/userguide/access-mwaa-apache-airflow-rest-api.html */
const REST_PATH_LENGTH = 64;
const REST_TIME_LIMIT_MS = 10_000;
const REST_RESPONSE_BYTES = 6 * 1024 * 1024;
const REST_CALLS_PER_SECOND = 10;
const METHODS: readonly string[] = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];
/** States in which Airflow's web server answers. */
const SERVING: readonly EnvironmentStatus[] = [
  'AVAILABLE',
  'UPDATING',
  'UPDATE_FAILED',
  'CREATING_SNAPSHOT',
  'MAINTENANCE',
];

/**
 * Amazon MWAA's control plane of one Region, in memory: methods have the names, members and errors of the service's
 * API (MwaaError); `wire.ts` puts it behind HTTP. Where Airflow itself runs is the runtime's affair.
 */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #clock: Clock;
  readonly #environments = new Map<string, Environment>();
  readonly #work = new Set<Promise<void>>();
  readonly #restCalls: RateLimit;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#restCalls = new RateLimit(REST_CALLS_PER_SECOND, this.#clock);
  }

  createEnvironment(input: Partial<EnvironmentInput>): { Arn: string } {
    const { region, account } = this.#options;
    requireValidInput(input);
    if (this.#environments.has(input.Name)) throw validation(`Environment with name '${input.Name}' already exists.`);
    const environment: Environment = {
      AirflowVersion: '3.3.1',
      ...withDefaults(input, region, account),
      Status: 'CREATING',
      Arn: `arn:aws:airflow:${region}:${account}:environment/${input.Name}`,
      CreatedAt: this.#clock.now(),
      WebserverUrl: `${randomUUID()}.c10.${region}.airflow.amazonaws.com`,
      ServiceRoleArn: `arn:aws:iam::${account}:role/aws-service-role/airflow.amazonaws.com/AWSServiceRoleForAmazonMWAA`,
      CeleryExecutorQueue: `arn:aws:sqs:${region}:${account}:airflow-celery-${randomUUID()}`,
    };
    this.#environments.set(input.Name, environment);
    this.#inBackground(this.#create(environment));
    return { Arn: environment.Arn };
  }

  getEnvironment({ Name }: { Name: string }): { Environment: Environment } {
    return { Environment: structuredClone(this.#require(Name)) };
  }

  listEnvironments({ MaxResults = 25, NextToken }: { MaxResults?: number; NextToken?: string } = {}): {
    Environments: string[];
    NextToken?: string;
  } {
    if (MaxResults < 1 || MaxResults > 25)
      throw validation(`Value '${MaxResults}' at 'maxResults' failed to satisfy constraint`);
    const names = [...this.#environments.keys()].sort();
    const start = NextToken === undefined ? 0 : names.findIndex((name) => name > NextToken);
    const page = start < 0 ? [] : names.slice(start, start + MaxResults);
    const last = page.at(-1);
    return { Environments: page, ...(last !== undefined && last !== names.at(-1) && { NextToken: last }) };
  }

  updateEnvironment({ WorkerReplacementStrategy, ...input }: UpdateEnvironmentInput): { Arn: string } {
    const environment = this.#require(input.Name);
    if (environment.Status !== 'AVAILABLE')
      throw validation(`Environment '${input.Name}' is in status ${environment.Status} and can't be updated.`);
    const lastUpdate: LastUpdate = { Status: 'PENDING', CreatedAt: this.#clock.now(), WorkerReplacementStrategy };
    Object.assign(environment, input, { Status: 'UPDATING', LastUpdate: lastUpdate });
    this.#inBackground(this.#update(environment, lastUpdate));
    return { Arn: environment.Arn };
  }

  /** Airflow's answer when it is a success, RestApiClientException or RestApiServerException when it is none. */
  async invokeRestApi(input: InvokeRestApiInput): Promise<{ RestApiStatusCode: number; RestApiResponse: unknown }> {
    if (!this.#restCalls.take()) throw throttling();
    requireValidCall(input);
    const environment = this.#require(input.Name);
    if (!SERVING.includes(environment.Status)) throw notFound(input.Name);
    const response = await this.#callAirflow(input);
    if (response.status >= 400) throw restApiError(response.status, response.body);
    return { RestApiStatusCode: response.status, RestApiResponse: response.body };
  }

  /** For tests: what AWS does by itself, as MAINTENANCE or UNAVAILABLE. */
  setStatus(name: string, status: EnvironmentStatus): void {
    this.#require(name).Status = status;
  }

  /** Resolves when nothing is CREATING or UPDATING any more. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  async #callAirflow({ Name, Path, Method, QueryParameters, Body }: InvokeRestApiInput): Promise<RestResponse> {
    const limit = new AbortController();
    const request = { method: Method, path: Path, query: QueryParameters ?? {}, body: Body, signal: limit.signal };
    const answered = this.#options.runtime.invokeRest(Name, request).catch((error: unknown) => unreachable(error));
    const tooLate = this.#clock.delay(REST_TIME_LIMIT_MS, limit.signal).then(
      () => ({ status: 504, body: { detail: 'Airflow did not answer within 10 seconds.' } }),
      () => answered,
    );
    const response = await Promise.race([answered, tooLate]);
    limit.abort();
    if (Buffer.byteLength(JSON.stringify([response.body])) > REST_RESPONSE_BYTES)
      throw internalServer('The response is larger than 6 MB.');
    return response;
  }

  async #create(environment: Environment): Promise<void> {
    const { runtime, creatingMs = 0 } = this.#options;
    const run = async (): Promise<void> => {
      await runtime.create({
        name: environment.Name,
        airflowVersion: environment.AirflowVersion ?? '',
        dagsBucket: environment.SourceBucketArn.split(':::')[1] ?? '',
        dagsPath: environment.DagS3Path,
        configurationOptions: environment.AirflowConfigurationOptions ?? {},
      });
      await runtime.start(environment.Name);
    };
    const [outcome] = await Promise.allSettled([run(), this.#clock.delay(creatingMs)]);
    environment.Status = outcome.status === 'fulfilled' ? 'AVAILABLE' : 'CREATE_FAILED';
    if (outcome.status === 'rejected') environment.LastUpdate = failed(this.#clock.now(), outcome.reason);
  }

  async #update(environment: Environment, lastUpdate: LastUpdate): Promise<void> {
    await this.#clock.delay(this.#options.updatingMs ?? 0);
    environment.Status = 'AVAILABLE';
    lastUpdate.Status = 'SUCCESS';
  }

  #inBackground(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  #require(name: string): Environment {
    requireValidName(name);
    const environment = this.#environments.get(name);
    if (!environment) throw notFound(name);
    return environment;
  }
}

function requireValidCall({ Path, Method }: InvokeRestApiInput): void {
  if (typeof Path !== 'string' || Path.length < 1 || Path.length > REST_PATH_LENGTH)
    throw validation(
      `Value at 'path' failed to satisfy constraint: Member must have length from 1 to ${REST_PATH_LENGTH}`,
    );
  if (!METHODS.includes(Method))
    throw validation(`Value '${Method}' at 'method' failed to satisfy constraint: Member must satisfy enum value set`);
}

function unreachable(error: unknown): RestResponse {
  return { status: 503, body: { detail: `The web server can't be reached: ${String(error)}` } };
}

function failed(at: Date, reason: unknown): LastUpdate {
  return {
    Status: 'FAILED',
    CreatedAt: at,
    Error: { ErrorCode: 'INCORRECT_CONFIGURATION', ErrorMessage: String(reason) },
  };
}
