import type { AirflowRuntime, RestRequest, RestResponse, RuntimeEnvironment } from './runtime.ts';

/** Airflow as unit tests need it: what it answers is a function of the request. */
export class FakeRuntime implements AirflowRuntime {
  readonly created: RuntimeEnvironment[] = [];
  /** Every update so far, oldest first. */
  readonly updated: RuntimeEnvironment[] = [];
  /** As they are now, by name. */
  readonly environments = new Map<string, RuntimeEnvironment>();
  readonly running = new Set<string>();
  readonly calls: (RestRequest & { name: string })[] = [];
  answer: (request: RestRequest) => RestResponse | Promise<RestResponse> = () => ({ status: 200, body: {} });
  /** What `start` waits for; rejects it to make a creation fail. */
  starting: Promise<void> = Promise.resolve();
  /** The same for each `update`. */
  updating: (environment: RuntimeEnvironment) => Promise<void> = () => Promise.resolve();

  create(environment: RuntimeEnvironment): Promise<void> {
    this.created.push(environment);
    this.environments.set(environment.name, environment);
    return Promise.resolve();
  }

  async update(environment: RuntimeEnvironment): Promise<void> {
    this.updated.push(environment);
    await this.updating(environment);
    this.environments.set(environment.name, environment);
  }

  remove(name: string): Promise<void> {
    this.running.delete(name);
    this.environments.delete(name);
    return Promise.resolve();
  }

  async start(name: string): Promise<void> {
    await this.starting;
    this.running.add(name);
  }

  stop(name: string): Promise<void> {
    this.running.delete(name);
    return Promise.resolve();
  }

  async invokeRest(name: string, request: RestRequest): Promise<RestResponse> {
    this.calls.push({ ...request, name });
    if (!this.running.has(name)) throw new Error('connection refused');
    return this.answer(request);
  }
}
