import { DescribeKeyCommand, GetKeyPolicyCommand, KMSClient, NotFoundException } from '@aws-sdk/client-kms';
import type { KeyFacts } from '../domain/doctor-ports.ts';
import { call, type Attempt } from './call.ts';
import { clientConfig, type AwsSession } from './session.ts';

/** How keys of one Region are set up. */
export function createKeyFacts(session: AwsSession, region: string): KeyFacts {
  const client = new KMSClient(clientConfig(session, region));
  const kms = <T>(operation: string, attempt: Attempt<T>) =>
    call(session, { service: 'kms', region, operation }, attempt);

  return {
    describe: (key) =>
      kms('DescribeKey', async (abortSignal) => {
        try {
          const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: key }), { abortSignal });
          return {
            arn: KeyMetadata?.Arn ?? '',
            state: KeyMetadata?.KeyState ?? 'UNKNOWN',
            multiRegion: KeyMetadata?.MultiRegion ?? false,
            spec: KeyMetadata?.KeySpec ?? 'UNKNOWN',
          };
        } catch (error) {
          if (error instanceof NotFoundException) return undefined;
          throw error;
        }
      }),
    policy: (key) =>
      kms('GetKeyPolicy', async (abortSignal) => {
        const command = new GetKeyPolicyCommand({ KeyId: key, PolicyName: 'default' });
        return (await client.send(command, { abortSignal })).Policy ?? '';
      }),
  };
}
