/**
 * InvokeRestApi as a command of the MWAA client. The client's last published release, 3.523.0, lacks it; a test tells
 * when it has come, and then this file goes.
 * https://docs.aws.amazon.com/mwaa/latest/API/API_InvokeRestApi.html
 */
import { MWAAServiceException, type MWAAClientResolvedConfig } from '@aws-sdk/client-mwaa';
import { getEndpointPlugin } from '@smithy/middleware-endpoint';
import { getSerdePlugin } from '@smithy/middleware-serde';
import { HttpRequest } from '@smithy/protocol-http';
import { Command } from '@smithy/smithy-client';

export interface InvokeRestApiInput {
  readonly Name: string;
  readonly Path: string;
  readonly Method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly QueryParameters?: Readonly<Record<string, string | number>>;
  readonly Body?: unknown;
}

export interface InvokeRestApiOutput {
  $metadata: { httpStatusCode?: number };
  readonly RestApiStatusCode: number;
  readonly RestApiResponse: unknown;
}

/** Airflow's own error; both kinds come as HTTP 400 around the status that Airflow gave. */
export class RestApiException extends MWAAServiceException {
  readonly restApiStatusCode: number | undefined;
  readonly restApiResponse: unknown;

  constructor(name: string, statusCode: number, data: Partial<InvokeRestApiOutput>) {
    const fault = name === 'RestApiServerException' ? 'server' : 'client';
    super({ name, $fault: fault, $metadata: { httpStatusCode: statusCode }, message: '' });
    // The base class sets its own.
    Object.setPrototypeOf(this, RestApiException.prototype);
    this.restApiStatusCode = data.RestApiStatusCode;
    this.restApiResponse = data.RestApiResponse;
  }
}

interface Endpoint {
  readonly hostname: string;
  readonly protocol?: string;
  readonly port?: number;
  readonly path?: string;
}
interface SerdeContext {
  endpoint(): Promise<Endpoint>;
  streamCollector(body: unknown): Promise<Uint8Array>;
  readonly disableHostPrefix?: boolean;
}

async function serialize({ Name, ...request }: InvokeRestApiInput, context: SerdeContext): Promise<HttpRequest> {
  const { hostname, protocol = 'https:', port, path = '' } = await context.endpoint();
  return new HttpRequest({
    protocol,
    ...(port === undefined ? {} : { port }),
    method: 'POST',
    hostname: context.disableHostPrefix === true ? hostname : `env.${hostname}`,
    path: `${path.replace(/\/$/, '')}/restapi/${encodeURIComponent(Name)}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
}

interface Reply {
  readonly statusCode: number;
  readonly headers: Record<string, string | undefined>;
  readonly body?: unknown;
}

type ReplyBody = Partial<InvokeRestApiOutput> & { __type?: string; message?: string; Message?: string };

async function deserialize(reply: Reply, context: SerdeContext): Promise<InvokeRestApiOutput> {
  const { statusCode } = reply;
  const $metadata = { httpStatusCode: statusCode };
  const text = new TextDecoder().decode(await context.streamCollector(reply.body));
  const data = parse(text, statusCode);
  if (statusCode < 300)
    return { $metadata, RestApiStatusCode: data.RestApiStatusCode ?? 200, RestApiResponse: data.RestApiResponse };
  const code = (reply.headers['x-amzn-errortype'] ?? data.__type ?? 'Unknown').replace(/^.*#/, '').replace(/:.*$/, '');
  if (code === 'RestApiClientException' || code === 'RestApiServerException')
    throw new RestApiException(code, statusCode, data);
  const message = data.message ?? data.Message ?? '';
  throw new MWAAServiceException({ name: code, $fault: statusCode >= 500 ? 'server' : 'client', $metadata, message });
}

/** Gateways in front of the service answer their own errors as HTML. */
function parse(text: string, statusCode: number): ReplyBody {
  try {
    return text === '' ? {} : (JSON.parse(text) as ReplyBody);
  } catch (error) {
    if (statusCode < 300) throw error;
    return {};
  }
}

type SerdeParameters = Parameters<typeof getSerdePlugin>;
type EndpointParameters = Parameters<typeof getEndpointPlugin>;

export const InvokeRestApiCommand = Command.classBuilder<
  InvokeRestApiInput,
  InvokeRestApiOutput,
  MWAAClientResolvedConfig
>()
  .ep({
    UseFIPS: { type: 'builtInParams', name: 'useFipsEndpoint' },
    Endpoint: { type: 'builtInParams', name: 'endpoint' },
    Region: { type: 'builtInParams', name: 'region' },
    UseDualStack: { type: 'builtInParams', name: 'useDualstackEndpoint' },
  })
  .m(function (
    this: { serialize: SerdeParameters[1]; deserialize: SerdeParameters[2] },
    command: { getEndpointParameterInstructions(): EndpointParameters[1] },
    _clientStack,
    config: SerdeParameters[0] & EndpointParameters[0],
  ) {
    return [
      getSerdePlugin(config, this.serialize, this.deserialize),
      getEndpointPlugin(config, command.getEndpointParameterInstructions()),
    ];
  })
  .s('AmazonMWAA', 'InvokeRestApi', {})
  .n('MWAAClient', 'InvokeRestApiCommand')
  .f(
    (input: InvokeRestApiInput) => ({ ...input, Body: '***' }),
    (output: InvokeRestApiOutput) => ({ ...output, RestApiResponse: '***' }),
  )
  .ser(serialize)
  .de(deserialize)
  .build();
