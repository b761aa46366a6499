import { types } from 'node:util';
import type { ControlPlane, InvokeRestApiInput } from './control-plane.ts';
import { MwaaError } from './errors.ts';

export interface WireRequest {
  method: string;
  /** With query. */
  path: string;
  body: string;
}

export interface WireResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export type MwaaOperation =
  'CreateEnvironment' | 'GetEnvironment' | 'ListEnvironments' | 'UpdateEnvironment' | 'InvokeRestApi';

const ROUTES: readonly { method: string; pattern: RegExp; operation: MwaaOperation }[] = [
  { method: 'PUT', pattern: /^\/environments\/([^/]+)$/, operation: 'CreateEnvironment' },
  { method: 'GET', pattern: /^\/environments\/([^/]+)$/, operation: 'GetEnvironment' },
  { method: 'PATCH', pattern: /^\/environments\/([^/]+)$/, operation: 'UpdateEnvironment' },
  { method: 'GET', pattern: /^\/environments\/?$/, operation: 'ListEnvironments' },
  { method: 'POST', pattern: /^\/restapi\/([^/]+)$/, operation: 'InvokeRestApi' },
];

export function routeOf(method: string, path: string): { operation: MwaaOperation; name: string } | undefined {
  const { pathname } = new URL(path, 'http://service');
  for (const route of ROUTES) {
    const match = route.method === method && route.pattern.exec(pathname);
    if (match) return { operation: route.operation, name: decodeURIComponent(match[1] ?? '') };
  }
  return undefined;
}

/** The service's REST-JSON protocol over the control plane. */
export async function answer(controlPlane: ControlPlane, request: WireRequest): Promise<WireResponse> {
  try {
    return reply(200, await dispatch(controlPlane, request));
  } catch (error) {
    if (error instanceof MwaaError) return errorReply(error);
    throw error;
  }
}

export function errorReply(error: MwaaError): WireResponse {
  return reply(error.status, error.body, { 'x-amzn-errortype': error.name });
}

function dispatch(controlPlane: ControlPlane, { method, path, body }: WireRequest): unknown {
  const route = routeOf(method, path);
  if (!route) throw new MwaaError('UnknownOperationException', 404, { message: `${method} ${path}` });
  const Name = route.name;
  const members = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
  switch (route.operation) {
    case 'CreateEnvironment':
      return controlPlane.createEnvironment({ ...members, Name });
    case 'GetEnvironment':
      return controlPlane.getEnvironment({ Name });
    case 'UpdateEnvironment':
      return controlPlane.updateEnvironment({ ...members, Name });
    case 'ListEnvironments':
      return controlPlane.listEnvironments(pageOf(path));
    case 'InvokeRestApi':
      return controlPlane.invokeRestApi({ ...members, Name } as InvokeRestApiInput);
  }
}

function pageOf(path: string): { MaxResults?: number; NextToken?: string } {
  const query = new URL(path, 'http://service').searchParams;
  const maximum = query.get('MaxResults');
  const token = query.get('NextToken');
  return { ...(maximum !== null && { MaxResults: Number(maximum) }), ...(token !== null && { NextToken: token }) };
}

function reply(status: number, body: unknown, headers: Record<string, string> = {}): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body, timestampsAsSeconds),
  };
}

/** Timestamps travel as seconds since the epoch; JSON.stringify has already made dates strings, hence `this`. */
function timestampsAsSeconds(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  return types.isDate(original) ? original.getTime() / 1000 : value;
}
