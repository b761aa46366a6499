import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  CreateEnvironmentCommand,
  GetEnvironmentCommand,
  ListEnvironmentsCommand,
  MWAAClient,
  ResourceNotFoundException,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEnvironmentCommand,
  type CreateEnvironmentCommandInput,
} from '@aws-sdk/client-mwaa';
import { AwsFault } from '../domain/faults.ts';
import type { ChangeAnswer, EnvironmentDescription, EnvironmentMembers, Environments } from '../domain/ports.ts';
import { harmless } from '../domain/service-words.ts';
import { call } from './call.ts';
import { InvokeRestApiCommand, RestApiException, type InvokeRestApiInput } from './invoke-rest-api.ts';
import { changeOnce, sendMembers } from './mwaa-change.ts';
import { watchReply } from './reply.ts';
import { clientConfig, type AwsSession } from './session.ts';

/** The MWAA control plane of one Region. */
export function createEnvironments(session: AwsSession, region: string): Environments {
  const client = new MWAAClient(clientConfig(session, region));

  async function describe(name: string, abortSignal: AbortSignal): Promise<EnvironmentDescription | undefined> {
    const command = new GetEnvironmentCommand({ Name: name });
    let raw: unknown;
    watchReply(command, async (response) => {
      // The client drops what it does not know; newer fields have to be kept as well.
      const bytes = await buffer(response.body as Readable);
      if ((response.statusCode ?? 0) < 300)
        raw = (JSON.parse(bytes.toString('utf8')) as { Environment: unknown }).Environment;
      response.body = Readable.from([bytes]);
    });
    try {
      const { Environment: found = {} } = await client.send(command, { abortSignal });
      const { Status: status, CreatedAt: createdAt } = found.LastUpdate ?? {};
      return {
        name,
        status: found.Status ?? 'UNKNOWN',
        airflowVersion: found.AirflowVersion,
        createdAt: found.CreatedAt?.getTime(),
        lastUpdate: status === undefined ? undefined : { status, createdAt: createdAt?.getTime() ?? 0 },
        environmentClass: found.EnvironmentClass,
        dagS3Path: found.DagS3Path,
        raw,
      };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  const nameOf = (operation: string) => ({ service: 'airflow-api', region, operation }) as const;
  const look = (name: string) => call(session, nameOf('GetEnvironment'), (signal) => describe(name, signal));

  async function list(): Promise<readonly string[]> {
    const names: string[] = [];
    let NextToken: string | undefined;
    do {
      const command = new ListEnvironmentsCommand({ MaxResults: PAGE, ...(NextToken !== undefined && { NextToken }) });
      const page = await call(session, nameOf('ListEnvironments'), (abortSignal) =>
        client.send(command, { abortSignal }),
      );
      names.push(...(page.Environments ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return names;
  }

  function create(name: string, members: EnvironmentMembers): Promise<ChangeAnswer> {
    // Whether all that it needs is there the service says itself.
    const command = new CreateEnvironmentCommand({ Name: name } as CreateEnvironmentCommandInput);
    sendMembers(command, members);
    return changeOnce(session, nameOf('CreateEnvironment'), members, (abortSignal) =>
      client.send(command, { abortSignal }),
    );
  }

  async function update(name: string, members: EnvironmentMembers): Promise<ChangeAnswer> {
    const command = new UpdateEnvironmentCommand({ Name: name });
    sendMembers(command, members);
    const answer = await changeOnce(session, nameOf('UpdateEnvironment'), members, (abortSignal) =>
      client.send(command, { abortSignal }),
    );
    if (answer.accepted || answer.why !== 'refused') return answer;
    // The service has one exception for a bad request and for one at a bad time; the status tells them apart.
    const status = (await look(name))?.status;
    return status === undefined || TAKES_UPDATES.includes(status) ? answer : { ...answer, why: 'busy' };
  }

  return {
    region,
    describe: look,
    list,
    create,
    update,
    tag: async (ResourceArn, Tags) => {
      const command = new TagResourceCommand({ ResourceArn, Tags });
      await call(session, nameOf('TagResource'), (abortSignal) => client.send(command, { abortSignal }));
    },
    untag: async (ResourceArn, keys) => {
      const command = new UntagResourceCommand({ ResourceArn, tagKeys: [...keys] });
      await call(session, nameOf('UntagResource'), (abortSignal) => client.send(command, { abortSignal }));
    },
  };
}

/** As many as the service gives at once. */
const PAGE = 25;
const TAKES_UPDATES: readonly string[] = ['AVAILABLE', 'UPDATE_FAILED'];

/** The service's own limit of `Path`. */
export const MAX_PATH = 64;

/** What Airflow answered: 2xx, or a 4xx that the caller may understand. */
export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Airflow's REST API behind InvokeRestApi. */
export interface RestApi {
  readonly region: string;
  /**
   * Nothing is sent once this machine's clock is past `notAfter` (milliseconds).
   * @throws AwsFault for anything but an answer of Airflow's below 500 that is not 401, 403 or 429; `TooLate`.
   */
  invoke(request: InvokeRestApiInput, notAfter?: number): Promise<RestAnswer>;
  /** An answer that the caller did not expect, as a fault. */
  unexpected(request: InvokeRestApiInput, answer: RestAnswer): AwsFault;
}

/** What Airflow says about an error: `detail` in both generations, a list of them where 3.x validated the request. */
function detailOf(body: unknown): string {
  const detail = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : undefined;
  const words = typeof detail === 'string' ? detail : detail === undefined ? '' : JSON.stringify(detail);
  return words === '' ? '' : `: ${harmless(words)}`;
}

function faultOf(region: string, request: InvokeRestApiInput, answer: RestAnswer): AwsFault {
  const { status } = answer;
  const quality =
    status >= 500 ? 'dark' : status === 429 ? 'throttled' : status === 401 || status === 403 ? 'denied' : 'error';
  return new AwsFault({
    quality,
    service: 'airflow-env',
    region,
    operation: 'InvokeRestApi',
    awsCode: status >= 500 ? 'RestApiServerException' : 'RestApiClientException',
    message: `Airflow of ${request.Name} in ${region} answered ${request.Method} ${request.Path} with ${status}${detailOf(answer.body)}`,
  });
}

const tooLate = (region: string, request: InvokeRestApiInput): AwsFault =>
  new AwsFault({
    quality: 'error',
    service: 'airflow-env',
    region,
    operation: 'InvokeRestApi',
    awsCode: 'TooLate',
    message: `${request.Method} ${request.Path} of ${request.Name} in ${region} was decided too long ago, and was not sent`,
  });

/** The document type arrives as JSON; a proxy's text as a string. */
function parsed(document: unknown): unknown {
  if (typeof document !== 'string') return document;
  try {
    return JSON.parse(document) as unknown;
  } catch {
    return document;
  }
}

export function createRestApi(session: AwsSession, region: string): RestApi {
  const client = new MWAAClient(clientConfig(session, region));

  async function once(request: InvokeRestApiInput, abortSignal: AbortSignal): Promise<RestAnswer> {
    try {
      const output = await client.send(new InvokeRestApiCommand(request), { abortSignal });
      return { status: output.RestApiStatusCode, body: parsed(output.RestApiResponse) };
    } catch (error) {
      if (!(error instanceof RestApiException)) throw error;
      const fallback = error.name === 'RestApiServerException' ? 500 : 400;
      const answer = { status: error.restApiStatusCode ?? fallback, body: parsed(error.restApiResponse) };
      const fault = faultOf(region, request, answer);
      if (fault.quality !== 'error') throw fault;
      return answer;
    }
  }

  return {
    region,
    async invoke(request, notAfter = Infinity) {
      if (request.Path.length > MAX_PATH)
        throw new RangeError(`InvokeRestApi takes paths of at most ${MAX_PATH} characters, not ${request.Path}`);
      const name = { service: 'airflow-env', region, operation: 'InvokeRestApi' } as const;
      const inTime = (signal: AbortSignal): Promise<RestAnswer> => {
        if (Date.now() > notAfter) throw tooLate(region, request);
        return once(request, signal);
      };
      return call(session, name, inTime, true);
    },
    unexpected: (request, answer) => faultOf(region, request, answer),
  };
}
