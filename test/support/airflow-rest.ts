import type { AirflowVersion } from '../sandbox/types.ts';

/** The Airflow of one sandbox environment, asked directly: what a person at its UI would do. */
export class AirflowRest {
  readonly #url: string;
  readonly #three: boolean;
  #token: string | undefined;

  constructor(url: string, version: AirflowVersion) {
    this.#url = url;
    this.#three = version.startsWith('3.');
  }

  async #headers(): Promise<Record<string, string>> {
    const headers = { 'content-type': 'application/json' };
    if (!this.#three) return headers;
    if (this.#token === undefined) {
      const reply = await fetch(`${this.#url}/auth/token`, { signal: AbortSignal.timeout(10_000) });
      this.#token = ((await reply.json()) as { access_token: string }).access_token;
    }
    return { ...headers, authorization: `Bearer ${this.#token}` };
  }

  /** Throws on any status outside 2xx but those in `allowed`. */
  async call(method: string, path: string, body?: unknown, allowed: readonly number[] = []): Promise<unknown> {
    const reply = await fetch(`${this.#url}/api/${this.#three ? 'v2' : 'v1'}${path}`, {
      method,
      headers: await this.#headers(),
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    if (!reply.ok && !allowed.includes(reply.status)) {
      throw new Error(`${method} ${path} answered ${reply.status}: ${text.slice(0, 300)}`);
    }
    return text === '' ? undefined : JSON.parse(text);
  }

  /** A GET of anything that the web server has: `/api/v1/dags`, `/home`. */
  async look(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const { authorization } = await this.#headers();
    const reply = await fetch(`${this.#url}${path}`, {
      headers: authorization === undefined ? {} : { authorization },
      redirect: 'manual',
      signal: AbortSignal.timeout(60_000),
    });
    return { status: reply.status, text: await reply.text() };
  }

  async trigger(dagId: string, runId: string): Promise<void> {
    const body = { dag_run_id: runId, conf: {}, ...(this.#three ? { logical_date: null } : {}) };
    await this.call('POST', `/dags/${dagId}/dagRuns`, body);
  }

  async pause(dagId: string, isPaused: boolean): Promise<void> {
    await this.call('PATCH', `/dags/${dagId}`, { is_paused: isPaused });
  }
}
