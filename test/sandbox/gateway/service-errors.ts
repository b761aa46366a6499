import { randomUUID } from 'node:crypto';
import { accessDenied, internalServer, MwaaError, serviceUnavailable, throttling } from '../control-plane/errors.ts';
import { errorReply } from '../control-plane/wire.ts';
import type { Service } from '../types.ts';
import type { ObservedRequest } from './observe.ts';

export interface Reply {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

interface ServiceError {
  name: string;
  status: number;
}

type Fault = 'throttled' | 'denied' | '5xx';

/** What each service really answers; the protocol of CloudWatch changes some names. */
const FAULTS: Record<Exclude<Service, 'airflow'>, Record<Fault, ServiceError>> = {
  s3: {
    throttled: { name: 'SlowDown', status: 503 },
    denied: { name: 'AccessDenied', status: 403 },
    '5xx': { name: 'InternalError', status: 500 },
  },
  sts: {
    throttled: { name: 'Throttling', status: 400 },
    denied: { name: 'AccessDenied', status: 403 },
    '5xx': { name: 'InternalFailure', status: 500 },
  },
  kms: {
    throttled: { name: 'ThrottlingException', status: 400 },
    denied: { name: 'AccessDeniedException', status: 400 },
    '5xx': { name: 'KMSInternalException', status: 500 },
  },
  monitoring: {
    throttled: { name: 'ThrottlingException', status: 400 },
    denied: { name: 'AccessDeniedException', status: 403 },
    '5xx': { name: 'InternalServiceFault', status: 500 },
  },
  iam: {
    throttled: { name: 'Throttling', status: 400 },
    denied: { name: 'AccessDenied', status: 403 },
    '5xx': { name: 'ServiceFailure', status: 500 },
  },
  ec2: {
    throttled: { name: 'RequestLimitExceeded', status: 503 },
    denied: { name: 'UnauthorizedOperation', status: 403 },
    '5xx': { name: 'InternalError', status: 500 },
  },
  servicequotas: {
    throttled: { name: 'TooManyRequestsException', status: 400 },
    denied: { name: 'AccessDeniedException', status: 400 },
    '5xx': { name: 'ServiceException', status: 500 },
  },
};

const CLOUDWATCH_QUERY_NAMES: Record<string, string> = {
  ThrottlingException: 'Throttling',
  AccessDeniedException: 'AccessDenied',
};

/** What changes an environment is unavailable; what only looks has an internal error. */
const UNAVAILABLE: readonly string[] = ['CreateEnvironment', 'UpdateEnvironment', 'DeleteEnvironment'];

const MWAA_FAULTS: Record<Fault, (operation: string) => MwaaError> = {
  throttled: throttling,
  denied: () => accessDenied('User is not authorized to perform this action'),
  '5xx': (operation) =>
    UNAVAILABLE.includes(operation)
      ? serviceUnavailable('Service is unavailable')
      : internalServer('Internal server error'),
};

export function faultReply(request: ObservedRequest, fault: Fault): Reply {
  if (request.service === 'airflow') return mwaaReply(MWAA_FAULTS[fault](request.operation));
  const error = FAULTS[request.service === 'unknown' ? 's3' : request.service][fault];
  const queryName = request.protocol === 'query' ? CLOUDWATCH_QUERY_NAMES[error.name] : undefined;
  return serviceError(request, { ...error, name: queryName ?? error.name }, `Injected fault: ${fault}`);
}

/** A signature made for another Region: each service refuses it in its own way. */
export function wrongRegionReply(request: ObservedRequest, region: string): Reply {
  const message = `Credential should be scoped to a valid region; expecting '${region}'`;
  if (request.service === 'airflow') return mwaaReply(new MwaaError('InvalidSignatureException', 403, { message }));
  const s3 = { name: 'AuthorizationHeaderMalformed', status: 400 };
  const other = { name: 'InvalidSignatureException', status: 403 };
  return serviceError(request, request.service === 's3' ? s3 : other, message);
}

/** A bucket of another account than expected: S3 says no more than that. */
export const wrongOwnerReply = (request: ObservedRequest): Reply =>
  serviceError(request, FAULTS.s3.denied, 'Access Denied');

function mwaaReply(error: MwaaError): Reply {
  const { status, headers, body } = errorReply(error);
  return { status, headers, body: Buffer.from(body) };
}

function serviceError({ protocol, method }: ObservedRequest, { name, status }: ServiceError, message: string): Reply {
  const id = randomUUID();
  const sender = status < 500 ? 'Sender' : 'Receiver';
  switch (protocol) {
    case 's3': {
      const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${name}</Code><Message>${message}</Message><RequestId>${id}</RequestId></Error>`;
      return reply(status, 'application/xml', method === 'HEAD' ? '' : xml, { 'x-amz-request-id': id });
    }
    case 'query': {
      const error = `<Error><Type>${sender}</Type><Code>${name}</Code><Message>${message}</Message></Error>`;
      return reply(status, 'text/xml', `<ErrorResponse>${error}<RequestId>${id}</RequestId></ErrorResponse>`);
    }
    case 'ec2': {
      const error = `<Errors><Error><Code>${name}</Code><Message>${message}</Message></Error></Errors>`;
      return reply(status, 'text/xml', `<Response>${error}<RequestID>${id}</RequestID></Response>`);
    }
    case 'cbor': {
      const headers = { 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-requestid': id };
      return reply(status, 'application/cbor', cborMap({ __type: name, message }), headers);
    }
    default: {
      const headers = { 'x-amzn-requestid': id };
      return reply(status, 'application/x-amz-json-1.1', JSON.stringify({ __type: name, message }), headers);
    }
  }
}

function reply(status: number, type: string, body: string | Buffer, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(body) };
}

/** RFC 8949: a map (0xa0) of up to 23 text strings, each with a two-byte length (0x79). */
function cborMap(members: Record<string, string>): Buffer {
  const texts = Object.entries(members)
    .flat()
    .map((text) => {
      const bytes = Buffer.from(text);
      return Buffer.concat([Buffer.from([0x79, bytes.length >> 8, bytes.length & 0xff]), bytes]);
    });
  return Buffer.concat([Buffer.from([0xa0 + texts.length / 2]), ...texts]);
}
