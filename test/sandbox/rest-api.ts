import type { RestRequest, RestResponse } from './control-plane/runtime.ts';
import type { AirflowVersion } from './types.ts';

interface ComponentHealth {
  status: string | null;
  [heartbeat: string]: string | null;
}

/** Airflow's own REST API, as InvokeRestApi reaches it: paths are relative to the generation's root. */
export class RestApi {
  readonly url: string;
  readonly #isAirflow2: boolean;
  #token: string | undefined;

  constructor(version: AirflowVersion, url: string) {
    this.url = url;
    this.#isAirflow2 = version.startsWith('2.');
  }

  async invoke({ method, path, query, body, signal }: RestRequest): Promise<RestResponse> {
    const url = new URL(`${this.url}${this.#isAirflow2 ? '/api/v1' : '/api/v2'}${path}`);
    for (const [name, value] of Object.entries(query)) appendParameter(url, name, value);
    const headers: Record<string, string> = { accept: 'application/json', ...(await this.#authorization(signal)) };
    const hasBody = body !== undefined && method !== 'GET';
    if (hasBody) headers['content-type'] = 'application/json';
    const response = await fetch(url, { method, headers, signal, ...(hasBody && { body: JSON.stringify(body) }) });
    if (response.status === 401) this.#token = undefined;
    return { status: response.status, body: parse(await response.text()) };
  }

  /** Every component has given a heartbeat since then: those of an earlier life do not count. */
  async isHealthy(since: Date): Promise<boolean> {
    const path = this.#isAirflow2 ? '/api/v1/health' : '/api/v2/monitor/health';
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(5000) });
    const health = (await response.json()) as Record<string, ComponentHealth>;
    const components = ['scheduler', 'triggerer', ...(this.#isAirflow2 ? [] : ['dag_processor'])];
    return components.every((name) => isAlive(health[name], name, since));
  }

  async #authorization(signal: AbortSignal): Promise<Record<string, string>> {
    if (this.#isAirflow2) return {};
    this.#token ??= await this.#newToken(signal);
    return { authorization: `Bearer ${this.#token}` };
  }

  async #newToken(signal: AbortSignal): Promise<string> {
    const response = await fetch(`${this.url}/auth/token`, { signal });
    const { access_token } = (await response.json()) as { access_token: string };
    return access_token;
  }
}

function isAlive(health: ComponentHealth | undefined, name: string, since: Date): boolean {
  const heartbeat = health?.[`latest_${name}_heartbeat`];
  return health?.status === 'healthy' && typeof heartbeat === 'string' && new Date(heartbeat) > since;
}

function appendParameter(url: URL, name: string, value: unknown): void {
  for (const item of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(item));
}

function parse(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
