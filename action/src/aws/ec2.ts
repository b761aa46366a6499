/**
 * Two calls of Amazon EC2's Query API, signed and read by the parts that the SDK itself is made of: its EC2 client
 * would be a third of the whole bundle. Errors come as the SDK's, so that {@link ./fault-mapping.ts} knows them.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
 */
import { parseXML } from '@aws-sdk/xml-builder';
import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { z } from 'zod';
import type { Network } from '../domain/doctor-ports.ts';
import { call } from './call.ts';
import type { AwsSession } from './session.ts';

const API_VERSION = '2016-11-15';

class Sha256 extends Hash {
  constructor(secret?: ConstructorParameters<typeof Hash>[1]) {
    super('sha256', secret);
  }
}

/** A list of XML that has one member, or none, is not seen as one. */
function items(found: unknown): readonly unknown[] {
  const inside: unknown = typeof found === 'object' && found !== null && 'item' in found ? found.item : [];
  return Array.isArray(inside) ? inside : [inside];
}
const set = <T extends z.ZodType>(item: T) => z.preprocess(items, z.array(item));

const subnets = z.object({
  subnetSet: set(z.object({ subnetId: z.string(), vpcId: z.string(), availabilityZone: z.string() })),
});
const groups = z.object({ securityGroupInfo: set(z.object({ groupId: z.string(), vpcId: z.string() })) });

const problem = z.object({
  Errors: z.object({ Error: z.object({ Code: z.string(), Message: z.string().default('') }) }),
});

function endpointOf(session: AwsSession, region: string): URL {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(session.endpoints.get(region) ?? `https://ec2.${region}.${suffix}`);
}

function failure(status: number, document: unknown): Error {
  const { Code, Message } = problem.safeParse(document).data?.Errors.Error ?? { Code: '', Message: '' };
  return Object.assign(new Error(Message), { name: Code, $metadata: { httpStatusCode: status } });
}

/** The parsed answer; it has one root element, which the parser leaves out. */
async function query(
  session: AwsSession,
  region: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<unknown> {
  const url = endpointOf(session, region);
  const request = new HttpRequest({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: '/',
    headers: { host: url.host, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: new URLSearchParams({ Version: API_VERSION, ...parameters }).toString(),
  });
  const signer = new SignatureV4({ service: 'ec2', region, credentials: session.credentials, sha256: Sha256 });
  const { headers } = await signer.sign(request);
  const body = request.body as string;
  const response = await fetch(url, { method: 'POST', headers, body, signal }).catch(rethrowCause);
  const document = rootOf(await response.text());
  if (!response.ok) throw failure(response.status, document);
  return document;
}

/** Where there was no reply, `fetch` says so in words of its own, and Node's error with its code is the cause. */
function rethrowCause(error: unknown): never {
  throw (error as { cause?: unknown }).cause ?? error;
}

function rootOf(text: string): unknown {
  try {
    const [root] = Object.values(parseXML(text) as Record<string, unknown>);
    return root;
  } catch {
    // Gateways in front of the service answer their own errors as HTML.
    return undefined;
  }
}

/** A filter, since a list of ids fails as a whole when one of them is not there. */
const filter = (name: string, values: readonly string[]): Record<string, string> => ({
  'Filter.1.Name': name,
  ...Object.fromEntries(values.map((value, index) => [`Filter.1.Value.${index + 1}`, value])),
});

/** The network of one Region. */
export function createNetwork(session: AwsSession, region: string): Network {
  const ec2 = <T>(operation: string, schema: z.ZodType<T>, by: Record<string, string>): Promise<T> =>
    call(session, { service: 'ec2', region, operation }, async (signal) =>
      schema.parse(await query(session, region, { Action: operation, ...by }, signal)),
    );

  return {
    async subnets(ids) {
      const { subnetSet } = await ec2('DescribeSubnets', subnets, filter('subnet-id', ids));
      return subnetSet.map(({ subnetId: id, vpcId: vpc, availabilityZone: zone }) => ({ id, vpc, zone }));
    },
    async securityGroups(ids) {
      const { securityGroupInfo } = await ec2('DescribeSecurityGroups', groups, filter('group-id', ids));
      return securityGroupInfo.map(({ groupId: id, vpcId: vpc }) => ({ id, vpc }));
    },
  };
}
