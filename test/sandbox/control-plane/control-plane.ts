import { OBJECTS, requireSources, type BucketFacts } from './bucket-facts.ts';
import { RateLimit, systemClock, type Clock } from './clock.ts';
import { withDefaults, type Environment, type EnvironmentInput, type EnvironmentStatus } from './environment.ts';
import { notFound, restApiError, throttling, validation } from './errors.ts';
import { callAirflow, isServing, requireValidCall, REST_CALLS_PER_SECOND } from './invoke-rest-api.ts';
import type { InvokeRestApiInput } from './invoke-rest-api.ts';
import { requireCreatable, requireWithinLimits } from './limits.ts';
import { ManagedEnvironment, type Surroundings, type UpdateFailure } from './managed-environment.ts';
import { requireModel } from './model.ts';
import type { AirflowRuntime } from './runtime.ts';
import { requireOrdinaryTags, tagged, untagged, type Tags } from './tags.ts';
import { requireUpdatable, settingsAfter, type UpdateEnvironmentInput } from './update.ts';

export interface ControlPlaneOptions {
  region: string;
  account: string;
  runtime: AirflowRuntime;
  clock?: Clock;
  /** What is in the buckets; without it nobody looks there. */
  buckets?: BucketFacts;
  /**
   * How long an environment is CREATING at least, in each of the states of an update, and DELETING; none by default.
   * On AWS 20 to 30 minutes.
   */
  creatingMs?: number;
  updatingMs?: number;
  deletingMs?: number;
  /** Environments that the account may have in the Region. */
  quota?: number;
}

/** https://docs.aws.amazon.com/mwaa/latest/userguide/mwaa-quotas.html */
export const QUOTA = 10;
/** States in which the service is busy with an environment, and refuses to delete it. */
const BUSY: readonly EnvironmentStatus[] = [
  'CREATING',
  'UPDATING',
  'DELETING',
  'ROLLING_BACK',
  'CREATING_SNAPSHOT',
  'MAINTENANCE',
];

/** Members for which the service looks into the bucket. */
const LOOKED_UP = ['SourceBucketArn', ...OBJECTS.flatMap(({ path, version }) => [path, version])];

/**
 * Amazon MWAA's control plane of one Region, in memory: methods have the names, members and errors of the service's
 * API (MwaaError); `wire.ts` puts it behind HTTP. Where Airflow itself runs is the runtime's affair.
 */
export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #surroundings: Surroundings;
  readonly #environments = new Map<string, ManagedEnvironment>();
  readonly #work = new Set<Promise<void>>();
  readonly #restCalls: RateLimit;

  constructor(options: ControlPlaneOptions) {
    const clock = options.clock ?? systemClock;
    this.#options = options;
    this.#surroundings = { creatingMs: 0, updatingMs: 0, deletingMs: 0, ...options, clock };
    this.#restCalls = new RateLimit(REST_CALLS_PER_SECOND, clock);
  }

  /** What CreateEnvironment and UpdateEnvironment look up in the bucket before they begin: `wire.ts` calls both. */
  async checkSources(
    operation: 'CreateEnvironment' | 'UpdateEnvironment',
    input: Record<string, unknown>,
  ): Promise<void> {
    const { buckets, region } = this.#options;
    if (!buckets) return;
    const members: object = requireModel(operation, input);
    if (!LOOKED_UP.some((member) => member in members)) return;
    const isNew = operation === 'CreateEnvironment';
    const settings = isNew ? requireModel(operation, input) : this.#afterUpdate(requireModel(operation, input));
    await requireSources(buckets, settings, region);
  }

  createEnvironment(input: Partial<EnvironmentInput>): { Arn: string } {
    const { region, account, quota = QUOTA } = this.#options;
    const members = requireModel('CreateEnvironment', input);
    const settings = withDefaults(members, region, account);
    requireCreatable(settings, region);
    requireWithinLimits(settings);
    requireOrdinaryTags(settings.Tags ?? {});
    if (this.#environments.has(settings.Name))
      throw validation(`Environment with name '${settings.Name}' already exists.`);
    if (this.#environments.size >= quota)
      throw validation(`The limit of ${quota} environments in ${region} has been reached.`);
    const environment = new ManagedEnvironment(settings, this.#surroundings);
    this.#environments.set(settings.Name, environment);
    this.#inBackground(environment.create());
    return { Arn: environment.arn };
  }

  getEnvironment(input: { Name: string }): { Environment: Environment } {
    const { Name } = requireModel('GetEnvironment', input);
    return { Environment: this.#require(Name).view() };
  }

  listEnvironments(input: { MaxResults?: number; NextToken?: string } = {}): {
    Environments: string[];
    NextToken?: string;
  } {
    const { MaxResults = 25, NextToken } = requireModel('ListEnvironments', input);
    const names = [...this.#environments.keys()].sort();
    const start = NextToken === undefined ? 0 : names.findIndex((name) => name > NextToken);
    const page = start < 0 ? [] : names.slice(start, start + MaxResults);
    const last = page.at(-1);
    return { Environments: page, ...(last !== undefined && last !== names.at(-1) && { NextToken: last }) };
  }

  updateEnvironment(input: UpdateEnvironmentInput): { Arn: string } {
    const members = requireModel('UpdateEnvironment', input);
    const environment = this.#require(members.Name);
    const next = this.#afterUpdate(members);
    this.#inBackground(environment.update(next, members));
    return { Arn: environment.arn };
  }

  deleteEnvironment(input: { Name: string }): Record<string, never> {
    const { Name } = requireModel('DeleteEnvironment', input);
    const environment = this.#require(Name);
    if (BUSY.includes(environment.status))
      throw validation(`Environment '${Name}' is in status ${environment.status} and can't be deleted.`);
    const deleted = environment.delete().then(() => {
      if (environment.status === 'DELETED') this.#environments.delete(Name);
    });
    this.#inBackground(deleted);
    return {};
  }

  tagResource(input: { ResourceArn: string; Tags: Tags }): Record<string, never> {
    const { ResourceArn, Tags } = requireModel('TagResource', input);
    const { settings } = this.#requireArn(ResourceArn);
    settings.Tags = tagged(settings.Tags ?? {}, Tags);
    return {};
  }

  untagResource(input: { ResourceArn: string; tagKeys: string[] }): Record<string, never> {
    const { ResourceArn, tagKeys } = requireModel('UntagResource', input);
    const { settings } = this.#requireArn(ResourceArn);
    settings.Tags = untagged(settings.Tags ?? {}, tagKeys);
    return {};
  }

  listTagsForResource(input: { ResourceArn: string }): { Tags: Tags } {
    const { ResourceArn } = requireModel('ListTagsForResource', input);
    return { Tags: { ...this.#requireArn(ResourceArn).settings.Tags } };
  }

  /** Airflow's answer when it is a success, RestApiClientException or RestApiServerException when it is none. */
  async invokeRestApi(input: InvokeRestApiInput): Promise<{ RestApiStatusCode: number; RestApiResponse: unknown }> {
    if (!this.#restCalls.take()) throw throttling();
    requireValidCall(input);
    const environment = this.#require(input.Name);
    if (!isServing(environment.status)) throw notFound(input.Name);
    const { runtime, clock } = this.#surroundings;
    const response = await callAirflow(input, runtime, clock);
    if (response.status >= 400) throw restApiError(response.status, response.body);
    return { RestApiStatusCode: response.status, RestApiResponse: response.body };
  }

  /** For tests: what AWS does by itself, as MAINTENANCE or UNAVAILABLE. */
  setStatus(name: string, status: EnvironmentStatus): void {
    this.#require(name).status = status;
  }

  /** For tests: somebody has changed these settings by hand, and the environment is AVAILABLE with them. */
  edit(name: string, members: Partial<Omit<EnvironmentInput, 'Name'>>): void {
    this.#require(name).edit(members);
  }

  /** For tests: the next update is taken, fails and is rolled back. */
  failNextUpdate(name: string, failure: UpdateFailure): void {
    this.#require(name).nextFailure = failure;
  }

  /** For tests: the customer has made the endpoints that a PENDING environment waits for. */
  endpointsReady(name: string): void {
    const environment = this.#require(name);
    if (environment.status !== 'PENDING') throw new Error(`${name} is ${environment.status}, not PENDING`);
    this.#inBackground(environment.goOn());
  }

  /** Every state that the environment has been in, oldest first. */
  history(name: string): readonly EnvironmentStatus[] {
    return [...this.#require(name).history];
  }

  /** Resolves when nothing is CREATING, UPDATING or DELETING any more. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #afterUpdate(members: UpdateEnvironmentInput): EnvironmentInput {
    const { status, settings } = this.#require(members.Name);
    requireUpdatable(members.Name, status);
    return settingsAfter(settings, members);
  }

  #inBackground(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  #require(name = ''): ManagedEnvironment {
    const environment = this.#environments.get(name);
    if (!environment) throw notFound(name);
    return environment;
  }

  #requireArn(arn: string): ManagedEnvironment {
    const environment = this.#environments.get(arn.split(':environment/')[1] ?? '');
    if (environment?.arn !== arn) throw notFound(arn);
    return environment;
  }
}
