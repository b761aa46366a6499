import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Limits } from '../../../action/src/aws/call.ts';
import type { S3Session } from '../../../action/src/aws/session.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** `hang`: accepted, never answered. `reset`: the connection breaks. */
export type Script =
  Answer | 'hang' | 'reset' | ((request: SeenRequest, response: ServerResponse) => Answer | undefined);

export interface ScriptedServer {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** Answers to the requests to come, in order; the last one goes on for ever. */
  script(...answers: Script[]): void;
  close(): Promise<void>;
}

/** An endpoint of AWS that does as it is told. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  let answers: Script[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = (await buffer(request)).toString();
      const { method = '', url: path = '', headers } = request;
      const seen = { method, path, headers, body };
      requests.push(seen);
      const script = answers.length > 1 ? answers.shift() : answers[0];
      if (script === undefined) throw new Error(`no answer was scripted for ${method} ${path}`);
      if (script === 'hang') return;
      if (script === 'reset') return void request.socket.resetAndDestroy();
      const answer = typeof script === 'function' ? script(seen, response) : script;
      if (answer === undefined) return;
      response.writeHead(answer.status ?? 200, answer.headers);
      response.end(answer.body);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    script(...next) {
      requests.length = 0;
      answers = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Limits that no test reaches, however busy the machine: who answers is waited for. */
export const PATIENT: Limits = { connect: 20_000, attempt: 20_000, total: 50_000, pause: 20 };

/** Limits for a test in which nobody answers. */
export const SHORT: Limits = { connect: 1_000, attempt: 1_000, total: 2_300, pause: 20 };

export const SECRETS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI',
  sessionToken: 'a-session-token',
};

export const sessionAt = (region: string, url: string, limits: Limits = PATIENT): S3Session => ({
  credentials: () => Promise.resolve(SECRETS),
  endpoints: new Map([[region, url]]),
  limits,
  accounts: new Map([[region, '111122223333']]),
});

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

export const xmlError = (code: string, status: number): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code} said the service</Message></Error>`,
});
