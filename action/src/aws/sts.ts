import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Identity } from '../domain/ports.ts';
import { call } from './call.ts';
import { clientConfig, type AwsSession } from './session.ts';

/** Who we are, asked at the STS of one Region. */
export function createIdentity(session: AwsSession, region: string): Identity {
  const client = new STSClient(clientConfig(session, region));
  return {
    region,
    caller: () =>
      call(session, { service: 'sts', region, operation: 'GetCallerIdentity' }, async (abortSignal) => {
        const { Arn } = await client.send(new GetCallerIdentityCommand({}), { abortSignal });
        return Arn ?? '';
      }),
  };
}
