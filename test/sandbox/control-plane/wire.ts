import { types } from 'node:util';
import type { ControlPlane } from './control-plane.ts';
import { MwaaError } from './errors.ts';
import type { InvokeRestApiInput } from './invoke-rest-api.ts';
import type { ModelOperation } from './model.ts';
import type { Tags } from './tags.ts';

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

export type MwaaOperation = ModelOperation | 'InvokeRestApi';

const ENVIRONMENT = /^\/environments\/([^/]+)$/;
const TAGS = /^\/tags\/(.+)$/;

const ROUTES: readonly { method: string; pattern: RegExp; operation: MwaaOperation }[] = [
  { method: 'PUT', pattern: ENVIRONMENT, operation: 'CreateEnvironment' },
  { method: 'GET', pattern: ENVIRONMENT, operation: 'GetEnvironment' },
  { method: 'PATCH', pattern: ENVIRONMENT, operation: 'UpdateEnvironment' },
  { method: 'DELETE', pattern: ENVIRONMENT, operation: 'DeleteEnvironment' },
  { method: 'GET', pattern: /^\/environments\/?$/, operation: 'ListEnvironments' },
  { method: 'GET', pattern: TAGS, operation: 'ListTagsForResource' },
  { method: 'POST', pattern: TAGS, operation: 'TagResource' },
  { method: 'DELETE', pattern: TAGS, operation: 'UntagResource' },
  { method: 'POST', pattern: /^\/restapi\/([^/]+)$/, operation: 'InvokeRestApi' },
];

interface Route {
  operation: MwaaOperation;
  /** Of the environment; of a tagging operation its ARN. */
  name: string;
}

export function routeOf(method: string, path: string): Route | undefined {
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

async function dispatch(controlPlane: ControlPlane, { method, path, body }: WireRequest): Promise<unknown> {
  const route = routeOf(method, path);
  if (!route) throw new MwaaError('UnknownOperationException', 404, { message: `${method} ${path}` });
  const { operation, name } = route;
  const members = membersOf(body);
  switch (operation) {
    case 'CreateEnvironment':
      await controlPlane.checkSources(operation, { ...members, Name: name });
      return controlPlane.createEnvironment({ ...members, Name: name });
    case 'GetEnvironment':
      return controlPlane.getEnvironment({ Name: name });
    case 'UpdateEnvironment':
      await controlPlane.checkSources(operation, { ...members, Name: name });
      return controlPlane.updateEnvironment({ ...members, Name: name });
    case 'DeleteEnvironment':
      return controlPlane.deleteEnvironment({ Name: name });
    case 'ListEnvironments':
      return controlPlane.listEnvironments(pageOf(path));
    case 'TagResource':
      return controlPlane.tagResource({ ...(members as { Tags: Tags }), ResourceArn: name });
    case 'UntagResource':
      return controlPlane.untagResource({ ResourceArn: name, tagKeys: queryOf(path).getAll('tagKeys') });
    case 'ListTagsForResource':
      return controlPlane.listTagsForResource({ ResourceArn: name });
    case 'InvokeRestApi':
      return controlPlane.invokeRestApi({ ...members, Name: name } as InvokeRestApiInput);
  }
}

function membersOf(body: string): Record<string, unknown> {
  if (body === '') return {};
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch (error) {
    throw new MwaaError('SerializationException', 400, { message: String(error) });
  }
}

function pageOf(path: string): { MaxResults?: number; NextToken?: string } {
  const query = queryOf(path);
  const maximum = query.get('MaxResults');
  const token = query.get('NextToken');
  return { ...(maximum !== null && { MaxResults: Number(maximum) }), ...(token !== null && { NextToken: token }) };
}

function queryOf(path: string): URLSearchParams {
  return new URL(path, 'http://service').searchParams;
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
