import { request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { answer } from '../control-plane/wire.ts';
import type { Backend } from './gateway.ts';
import type { RawRequest } from './observe.ts';
import type { Reply } from './service-errors.ts';

/** MWAA is answered by the control plane, all else by moto. */
export function backendOf(controlPlane: ControlPlane, motoUrl: string): Backend {
  return async ({ service }, raw) => {
    if (service !== 'airflow') return forward(motoUrl, raw);
    const { status, headers, body } = await answer(controlPlane, { ...raw, body: raw.body.toString() });
    return { status, headers, body: Buffer.from(body) };
  };
}

const HOP_BY_HOP = ['connection', 'expect', 'keep-alive', 'transfer-encoding'];

async function forward(motoUrl: string, { method, path, headers, body }: RawRequest): Promise<Reply> {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(motoUrl);
    const options = { hostname, port, method, path, headers: { ...kept, 'content-length': body.length } };
    const outgoing = httpRequest(options, (incoming) => {
      const answered = (content: Buffer): void => {
        resolve({ status: incoming.statusCode ?? 500, headers: endToEnd(incoming.headers), body: content });
      };
      buffer(incoming).then(answered, reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function endToEnd(headers: NodeJS.Dict<string | string[]>): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !HOP_BY_HOP.includes(name));
  return Object.fromEntries(kept) as Record<string, string | string[]>;
}
