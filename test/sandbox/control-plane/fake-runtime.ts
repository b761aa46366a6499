import type { AirflowRuntime, RestRequest, RestResponse, RuntimeEnvironment } from './runtime.ts';

/** Airflow as unit tests need it: what it answers is a function of the request. */
export class FakeRuntime implements AirflowRuntime {
  readonly created: RuntimeEnvironment[] = [];
  readonly running = new Set<string>();
  readonly calls: (RestRequest & { name: string })[] = [];
  answer: (request: RestRequest) => RestResponse | Promise<RestResponse> = () => ({ status: 200, body: {} });
  /** What `start` waits for; rejects it to make a creation fail. */
  starting: Promise<void> = Promise.resolve();

  create(environment: RuntimeEnvironment): Promise<void> {
    this.created.push(environment);
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
