import { DecryptCommand, EncryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { Keys } from '../domain/ports.ts';
import { call, type Attempt } from './call.ts';
import { clientConfig, type AwsSession } from './session.ts';

function present(bytes: Uint8Array | undefined, member: string): Uint8Array {
  if (bytes === undefined) throw new Error(`KMS answered without ${member}`);
  return bytes;
}

/** KMS of one Region; keys are addressed by alias ARN. */
export function createKeys(session: AwsSession, region: string): Keys {
  const client = new KMSClient(clientConfig(session, region));
  const kms = <T>(operation: string, attempt: Attempt<T>) =>
    call(session, { service: 'kms', region, operation }, attempt);

  return {
    region,
    generateDataKey: (keyArn, context) =>
      kms('GenerateDataKey', async (abortSignal) => {
        const command = new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext: context });
        const { Plaintext, CiphertextBlob } = await client.send(command, { abortSignal });
        return { plaintext: present(Plaintext, 'Plaintext'), ciphertext: present(CiphertextBlob, 'CiphertextBlob') };
      }),
    encrypt: (keyArn, plaintext, context) =>
      kms('Encrypt', async (abortSignal) => {
        const command = new EncryptCommand({ KeyId: keyArn, Plaintext: plaintext, EncryptionContext: context });
        return present((await client.send(command, { abortSignal })).CiphertextBlob, 'CiphertextBlob');
      }),
    decrypt: (keyArn, ciphertext, context) =>
      kms('Decrypt', async (abortSignal) => {
        const command = new DecryptCommand({ KeyId: keyArn, CiphertextBlob: ciphertext, EncryptionContext: context });
        return present((await client.send(command, { abortSignal })).Plaintext, 'Plaintext');
      }),
  };
}
