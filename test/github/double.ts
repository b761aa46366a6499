import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as readJson } from 'node:stream/consumers';
import { violations } from './contract.ts';
import { Refusal, Repository } from './repository.ts';
import { ROUTES, type Answer } from './routes.ts';
import type { Exchange, Fault, Identity, Json } from './types.ts';

interface Planned {
  readonly method: string;
  readonly path: RegExp;
  readonly fault: Fault;
  times: number;
}

interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const documented = 'https://docs.github.com/rest';

/** GitHub's REST API over HTTP for one repository, `team/airflow`. Every exchange is held against GitHub's description. */
export class GitHubDouble {
  readonly repository: Repository;
  readonly log: Exchange[] = [];
  url = '';
  readonly #faults: Planned[] = [];
  readonly #violations: string[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #now: () => number;
  #remaining = 5_000;
  #untilDark = Infinity;

  private constructor(now: () => number) {
    this.#now = now;
    this.repository = new Repository(now);
  }

  static async start(now: () => number): Promise<GitHubDouble> {
    const double = new GitHubDouble(now);
    double.#server.listen(0, '127.0.0.1');
    await once(double.#server, 'listening');
    double.url = `http://127.0.0.1:${(double.#server.address() as AddressInfo).port}`;
    return double;
  }

  /** The next `times` requests of this kind meet a fault: `fail('POST /pulls$', …)`. A method of `*` is any. */
  fail(line: string, fault: Fault, times = 1): void {
    const [method = '*', path = ''] = line.split(' ');
    this.#faults.push({ method, path: new RegExp(path), fault, times });
  }

  /** The network goes away: the reply to the request after `count` more is lost, and all later ones are refused. */
  goDarkAfter(count: number): void {
    this.#untilDark = count;
  }

  /** All faults are over. */
  recover(): void {
    this.#untilDark = Infinity;
    this.#faults.length = 0;
  }

  /** GitHub's limit on too much at once; without `seconds` it does not say how long to wait. */
  throttle(line: string, seconds: number | undefined, times = 1): void {
    const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
    const headers: Record<string, string> = seconds === undefined ? {} : { 'retry-after': String(seconds) };
    this.fail(line, { kind: 'answer', status: 403, headers, body: { message, documentation_url: documented } }, times);
  }

  /** Only the requests that change something: `POST /repos/team/airflow/pulls`. */
  get writes(): readonly string[] {
    return this.log
      .filter(({ method, path }) => method !== 'GET' && path !== '/graphql')
      .map(({ method, path }) => `${method} ${decodeURIComponent(path).replace('/repos/team/airflow', '')}`);
  }

  /** Throws when any exchange was not as GitHub describes it. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    if (this.#violations.length > 0) throw new Error(`not as GitHub describes it:\n${this.#violations.join('\n')}`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request;
    const url = new URL(request.url ?? '/', this.url);
    const body = Number(request.headers['content-length'] ?? 0) > 0 ? await readJson(request) : undefined;
    const fault = this.#faultFor(method, url.pathname);
    if (fault?.kind === 'silent') return;
    if (fault?.kind === 'refused') return void request.socket.destroy();
    const reply = fault?.kind === 'answer' ? fault : this.#reply(request, url, body as Json | undefined);
    const query = Object.fromEntries(url.searchParams);
    const exchange = { method, path: url.pathname, query, request: body, status: reply.status, response: reply.body };
    this.log.push(exchange);
    this.#violations.push(...violations(exchange));
    if (fault?.kind === 'reply lost') return void request.socket.destroy();
    this.#send(response, reply);
  }

  #send(response: ServerResponse, { status, body, headers }: Reply): void {
    this.#remaining -= 1;
    const isText = typeof body === 'string';
    response.writeHead(status, {
      ...(body === undefined ? {} : { 'content-type': isText ? 'text/html' : 'application/json; charset=utf-8' }),
      'x-github-request-id': String(this.log.length),
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': String(this.#remaining),
      'x-ratelimit-reset': String(Math.floor(this.#now() / 1_000) + 3_600),
      ...headers,
    });
    response.end(body === undefined || isText ? body : JSON.stringify(body));
  }

  #faultFor(method: string, path: string): Fault | undefined {
    this.#untilDark -= 1;
    if (this.#untilDark < 0) return this.#untilDark === -1 ? { kind: 'reply lost' } : { kind: 'refused' };
    const planned = this.#faults.find(
      (one) => one.times > 0 && ['*', method].includes(one.method) && one.path.test(decodeURIComponent(path)),
    );
    if (planned !== undefined) planned.times -= 1;
    return planned?.fault;
  }

  #reply(request: IncomingMessage, url: URL, body: Json | undefined): Reply {
    try {
      const who = this.#whoSent(request);
      return paged(this.#answer(who, request.method ?? '', url, body ?? {}), url);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, message, more, headers } = error;
      return { status, body: { message, documentation_url: documented, ...more }, headers };
    }
  }

  #whoSent({ headers }: IncomingMessage): Identity {
    const who = this.repository.tokens.get(/^(?:token|Bearer) (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '');
    if (who === undefined) throw new Refusal(401, 'Bad credentials', { status: '401' });
    return who;
  }

  #answer(who: Identity, method: string, url: URL, body: Json): Answer {
    for (const { pattern, needs, answer, ...route } of ROUTES) {
      const match = route.method === method ? pattern.exec(url.pathname) : null;
      if (match === null) continue;
      if (needs.length > 0 && !needs.some((permission) => who.writes.includes(permission))) {
        // One set of permissions after the other, each enough by itself.
        const accepted = needs.map((permission) => `${permission}=write`).join('; ');
        const headers = { 'x-accepted-github-permissions': accepted };
        throw new Refusal(403, 'Resource not accessible by integration', { status: '403' }, headers);
      }
      const path = match.slice(1).map(decodeURIComponent);
      return answer({ repository: this.repository, who, path, query: Object.fromEntries(url.searchParams), body });
    }
    throw new Refusal(404, 'Not Found', { status: '404' });
  }
}

/** One page of a list, with the links to the others. */
function paged(answer: Answer, url: URL): Reply {
  if (!('list' in answer)) return answer;
  const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30));
  const page = Number(url.searchParams.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(answer.list.length / size));
  const link = (number: number, relation: string) => {
    const to = new URL(url);
    to.searchParams.set('page', String(number));
    return `<${to.href}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev'), link(1, 'first')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
  ];
  return {
    status: 200,
    body: answer.list.slice((page - 1) * size, page * size),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
  };
}
