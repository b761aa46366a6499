import type { IncomingHttpHeaders } from 'node:http';
import { routeOf } from '../control-plane/wire.ts';
import type { GatewayRequest, RequestMatch, Service } from '../types.ts';

export interface RawRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A request as understood, with what is needed to answer it in its own protocol. */
export interface ObservedRequest extends GatewayRequest {
  /** Region of the signature's scope; '' when unsigned. */
  signedRegion: string;
  protocol: Protocol;
}

export type Protocol = 's3' | 'query' | 'ec2' | 'json' | 'cbor' | 'rest-json';

const SERVICES: readonly string[] = ['s3', 'monitoring', 'kms', 'sts', 'airflow', 'iam', 'ec2', 'servicequotas'];
const SCOPE = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/;

export function observe(raw: RawRequest): ObservedRequest {
  const [, accessKey = '', signedRegion = '', scopeService = ''] = scopeOf(raw) ?? [];
  const action = formAction(raw);
  const signed = SERVICES.includes(scopeService) ? (scopeService as Service) : 'unknown';
  const service = accessKey === '' && action?.startsWith('AssumeRoleWith') ? 'sts' : signed;
  const airflowCall = service === 'airflow' ? airflowCallOf(raw) : undefined;
  return {
    time: new Date(),
    service,
    operation: operationOf(service, raw, action) ?? 'unknown',
    accessKey,
    signedRegion,
    protocol: protocolOf(service, raw),
    method: raw.method,
    path: raw.path,
    ...(airflowCall !== undefined && { airflowCall }),
  };
}

export function matches(request: GatewayRequest, match: RequestMatch): boolean {
  const { service, operation, accessKey, path, endpoint } = match;
  return (
    (service === undefined || service === request.service) &&
    (operation === undefined || operation === request.operation) &&
    (accessKey === undefined || accessKey === request.accessKey) &&
    (path === undefined || path.test(request.path) || path.test(request.airflowCall ?? '')) &&
    (endpoint === undefined || (request.service === 'airflow' && endpoint === endpointOf(request)))
  );
}

function endpointOf({ operation }: GatewayRequest): 'api' | 'env' {
  return operation === 'InvokeRestApi' ? 'env' : 'api';
}

/** In the header, or in the query of a presigned URL. */
function scopeOf({ headers, path }: RawRequest): RegExpExecArray | null {
  const presigned = new URL(path, 'http://service').searchParams.get('X-Amz-Credential');
  return SCOPE.exec(presigned === null ? (headers.authorization ?? '') : `Credential=${presigned}`);
}

function formAction({ headers, body }: RawRequest): string | undefined {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  return (isForm && new URLSearchParams(body.toString()).get('Action')) || undefined;
}

function protocolOf(service: Service | 'unknown', { headers }: RawRequest): Protocol {
  if (service === 'airflow') return 'rest-json';
  if (service === 's3' || service === 'unknown') return 's3';
  if (service === 'ec2') return 'ec2';
  const type = headers['content-type'] ?? '';
  if (type.includes('cbor') || headers['smithy-protocol'] === 'rpc-v2-cbor') return 'cbor';
  return type.includes('json') ? 'json' : 'query';
}

function operationOf(service: Service | 'unknown', raw: RawRequest, action: string | undefined): string | undefined {
  if (service === 'airflow') return routeOf(raw.method, raw.path)?.operation;
  if (service === 's3') return s3Operation(raw);
  const target = raw.headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1);
  return /\/operation\/(\w+)$/.exec(raw.path)?.[1] ?? action;
}

function airflowCallOf({ method, path, body }: RawRequest): string | undefined {
  if (routeOf(method, path)?.operation !== 'InvokeRestApi') return undefined;
  const { Method, Path } = JSON.parse(body.toString()) as { Method?: string; Path?: string };
  return `${Method ?? ''} ${Path ?? ''}`;
}

const VERBS: Record<string, string> = { GET: 'Get', HEAD: 'Head', PUT: 'Put', POST: 'Post', DELETE: 'Delete' };

/** S3's operations are told apart by method, by whether there is a key, and by the query. */
function s3Operation({ method, path, headers }: RawRequest): string {
  const url = new URL(path, 'http://service');
  const hasKey = /^\/[^/]+\/./.test(url.pathname);
  const has = (name: string): boolean => url.searchParams.has(name);
  if (has('uploadId')) return multipartOperation(method, has('partNumber'));
  if (method === 'POST' && has('uploads')) return 'CreateMultipartUpload';
  if (method === 'POST' && has('delete')) return 'DeleteObjects';
  if (has('versions')) return 'ListObjectVersions';
  if (hasKey && method === 'PUT' && headers['x-amz-copy-source'] !== undefined) return 'CopyObject';
  const verb = VERBS[method] ?? method;
  const subresource = [
    'versioning',
    'replication',
    'encryption',
    'lifecycle',
    'location',
    'tagging',
    'publicAccessBlock',
  ].find(has);
  const noun = (hasKey ? 'Object' : 'Bucket') + (subresource ? capitalised(subresource) : '');
  if (noun === 'Bucket' && method === 'GET') return url.pathname === '/' ? 'ListBuckets' : 'ListObjectsV2';
  if (noun === 'Bucket' && method === 'PUT') return 'CreateBucket';
  // The one subresource of a bucket whose operations do not name the bucket.
  return noun === 'BucketPublicAccessBlock' ? `${verb}PublicAccessBlock` : verb + noun;
}

function multipartOperation(method: string, isPart: boolean): string {
  if (isPart) return 'UploadPart';
  return { POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload' }[method] ?? 'ListParts';
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
