import { randomUUID } from 'node:crypto';
import { bucketOf, currentVersions, type BucketFacts } from './bucket-facts.ts';
import type { Clock } from './clock.ts';
import type { Environment, EnvironmentInput, EnvironmentStatus, LastUpdate } from './environment.ts';
import type { AirflowRuntime, RuntimeEnvironment, SourceObject } from './runtime.ts';
import { touchesFilesOnly, type UpdateEnvironmentInput } from './update.ts';

/** Where an environment lives. */
export interface Surroundings {
  region: string;
  account: string;
  runtime: AirflowRuntime;
  clock: Clock;
  buckets?: BucketFacts;
  creatingMs: number;
  updatingMs: number;
  deletingMs: number;
}

/** How an update is to fail, and how it leaves the environment: with its old settings, whatever the state. */
export interface UpdateFailure {
  code: string;
  message: string;
  /** Absent: AVAILABLE when only files were to change, else UPDATE_FAILED. */
  endsIn?: 'AVAILABLE' | 'UPDATE_FAILED' | 'UNAVAILABLE';
}

/** The customer has so long to make the endpoints of an environment with EndpointManagement CUSTOMER. */
const ENDPOINTS_LIMIT_MS = 72 * 3_600_000;

/** One environment and its way through the states. */
export class ManagedEnvironment {
  settings: EnvironmentInput;
  /** How the next update is to fail. */
  nextFailure: UpdateFailure | undefined;
  /** Every state so far, oldest first. */
  readonly history: EnvironmentStatus[] = ['CREATING'];
  readonly #surroundings: Surroundings;
  readonly #identity: Pick<
    Environment,
    'Arn' | 'CreatedAt' | 'WebserverUrl' | 'ServiceRoleArn' | 'CeleryExecutorQueue'
  >;
  #lastUpdate: LastUpdate | undefined;

  constructor(settings: EnvironmentInput, surroundings: Surroundings) {
    const { region, account, clock } = surroundings;
    this.settings = settings;
    this.#surroundings = surroundings;
    this.#identity = {
      Arn: `arn:aws:airflow:${region}:${account}:environment/${settings.Name}`,
      CreatedAt: clock.now(),
      WebserverUrl: `${randomUUID()}.c10.${region}.airflow.amazonaws.com`,
      ServiceRoleArn: `arn:aws:iam::${account}:role/aws-service-role/airflow.amazonaws.com/AWSServiceRoleForAmazonMWAA`,
      CeleryExecutorQueue: `arn:aws:sqs:${region}:${account}:airflow-celery-${randomUUID()}`,
    };
  }

  get arn(): string {
    return this.#identity.Arn;
  }

  get status(): EnvironmentStatus {
    return this.history.at(-1) ?? 'CREATING';
  }

  set status(status: EnvironmentStatus) {
    this.history.push(status);
  }

  /** As GetEnvironment shows it; a copy. */
  view(): Environment {
    const endpointServices = this.#isForCustomersEndpoints() && {
      WebserverVpcEndpointService: this.#endpointService('webserver'),
      DatabaseVpcEndpointService: this.#endpointService('database'),
    };
    const lastUpdate = this.#lastUpdate && { LastUpdate: this.#lastUpdate };
    const state = { ...this.#identity, Status: this.status, ...endpointServices, ...lastUpdate };
    return structuredClone({ ...this.settings, ...state });
  }

  /** CREATING to AVAILABLE; to PENDING where the customer makes the endpoints. */
  async create(): Promise<void> {
    const { runtime, creatingMs } = this.#surroundings;
    const isWaiting = this.#isForCustomersEndpoints();
    const build = async (): Promise<void> => {
      await this.#fillVersions();
      await runtime.create(this.#runtimeEnvironment(this.settings));
      if (!isWaiting) await runtime.start(this.settings.Name);
    };
    const [outcome] = await Promise.allSettled([build(), this.#pause(creatingMs)]);
    if (outcome.status === 'rejected') this.#failCreation(String(outcome.reason));
    else this.status = isWaiting ? 'PENDING' : 'AVAILABLE';
    if (isWaiting) void this.#limitPending();
  }

  /** The customer has made the endpoints: the creation goes on. */
  async goOn(): Promise<void> {
    this.status = 'CREATING';
    const { runtime, creatingMs } = this.#surroundings;
    const [outcome] = await Promise.allSettled([runtime.start(this.settings.Name), this.#pause(creatingMs)]);
    if (outcome.status === 'rejected') this.#failCreation(String(outcome.reason));
    else this.status = 'AVAILABLE';
  }

  /** The settings become `next` only if all goes well; a change of version takes a snapshot of the database first. */
  async update(next: EnvironmentInput, input: UpdateEnvironmentInput): Promise<void> {
    const { runtime, updatingMs } = this.#surroundings;
    const { WorkerReplacementStrategy } = input;
    this.status = 'UPDATING';
    const update: LastUpdate = { Status: 'PENDING', CreatedAt: this.#now(), WorkerReplacementStrategy };
    this.#lastUpdate = update;
    if (next.AirflowVersion !== this.settings.AirflowVersion)
      for (const phase of ['CREATING_SNAPSHOT', 'UPDATING'] as const) {
        await this.#pause(updatingMs);
        this.status = phase;
      }
    await this.#pause(updatingMs);
    try {
      if (this.nextFailure) throw new InjectedFailure(this.nextFailure);
      const settings = { ...next, ...(await this.#currentVersions(next)) };
      await runtime.update(this.#runtimeEnvironment(settings));
      this.settings = { ...settings, ...(this.settings.Tags && { Tags: this.settings.Tags }) };
      update.Status = 'SUCCESS';
      this.status = 'AVAILABLE';
    } catch (error) {
      await this.#rollBack(update, failureOf(error), input);
    }
  }

  /** Ends in DELETED. */
  async delete(): Promise<void> {
    this.status = 'DELETING';
    const { runtime, deletingMs } = this.#surroundings;
    const [outcome] = await Promise.allSettled([runtime.remove(this.settings.Name), this.#pause(deletingMs)]);
    this.status = outcome.status === 'fulfilled' ? 'DELETED' : 'UNAVAILABLE';
  }

  /** Somebody's change by hand, already over. */
  edit(members: Partial<EnvironmentInput>): void {
    this.settings = { ...this.settings, ...structuredClone(members) };
    this.#lastUpdate = { Status: 'SUCCESS', CreatedAt: this.#now() };
    this.status = 'AVAILABLE';
  }

  async #rollBack(update: LastUpdate, failure: UpdateFailure, input: UpdateEnvironmentInput): Promise<void> {
    const { runtime, updatingMs } = this.#surroundings;
    this.nextFailure = undefined;
    this.status = 'ROLLING_BACK';
    const restored = runtime.update(this.#runtimeEnvironment(this.settings));
    const [outcome] = await Promise.allSettled([restored, this.#pause(updatingMs)]);
    update.Status = 'FAILED';
    update.Error = { ErrorCode: failure.code, ErrorMessage: failure.message };
    const usual = touchesFilesOnly(input) ? 'AVAILABLE' : 'UPDATE_FAILED';
    this.status = outcome.status === 'rejected' ? 'UNAVAILABLE' : (failure.endsIn ?? usual);
  }

  #failCreation(reason: string): void {
    this.#lastUpdate = {
      Status: 'FAILED',
      CreatedAt: this.#now(),
      Error: { ErrorCode: 'INCORRECT_CONFIGURATION', ErrorMessage: reason },
    };
    this.status = 'CREATE_FAILED';
  }

  async #limitPending(): Promise<void> {
    await this.#surroundings.clock.delay(ENDPOINTS_LIMIT_MS);
    if (this.status === 'PENDING') this.#failCreation('The VPC endpoints were not created within 72 hours.');
  }

  async #fillVersions(): Promise<void> {
    const found = await this.#currentVersions(this.settings);
    this.settings = { ...this.settings, ...found };
  }

  async #currentVersions(settings: EnvironmentInput): Promise<Partial<EnvironmentInput>> {
    const { buckets } = this.#surroundings;
    return buckets ? currentVersions(buckets, settings) : {};
  }

  #runtimeEnvironment(settings: EnvironmentInput): RuntimeEnvironment {
    const { RequirementsS3Path, RequirementsS3ObjectVersion, PluginsS3Path, PluginsS3ObjectVersion } = settings;
    const requirements = sourceObject(RequirementsS3Path, RequirementsS3ObjectVersion);
    const plugins = sourceObject(PluginsS3Path, PluginsS3ObjectVersion);
    const startupScript = sourceObject(settings.StartupScriptS3Path, settings.StartupScriptS3ObjectVersion);
    return {
      name: settings.Name,
      airflowVersion: settings.AirflowVersion ?? '',
      dagsBucket: bucketOf(settings),
      dagsPath: settings.DagS3Path,
      configurationOptions: settings.AirflowConfigurationOptions ?? {},
      ...(requirements && { requirements }),
      ...(plugins && { plugins }),
      ...(startupScript && { startupScript }),
    };
  }

  #isForCustomersEndpoints(): boolean {
    return this.settings.EndpointManagement === 'CUSTOMER';
  }

  #endpointService(of: string): string {
    return `com.amazonaws.vpce.${this.#surroundings.region}.vpce-svc-${of}-${this.settings.Name}`;
  }

  #now(): Date {
    return this.#surroundings.clock.now();
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await this.#surroundings.clock.delay(ms);
  }
}

class InjectedFailure extends Error {
  readonly failure: UpdateFailure;

  constructor(failure: UpdateFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

function failureOf(error: unknown): UpdateFailure {
  if (error instanceof InjectedFailure) return error.failure;
  return { code: 'INCORRECT_CONFIGURATION', message: String(error) };
}

function sourceObject(key: string | undefined, versionId: string | undefined): SourceObject | undefined {
  if (!key) return undefined;
  return { key, ...(versionId && { versionId }) };
}
