import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { ListEnvironmentsCommand, MWAAClient } from '@aws-sdk/client-mwaa';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Services } from './services.ts';
import { ACCESS_KEYS, drBucket, SECRET_KEY } from './topology.ts';
import type { Region } from './types.ts';

export const SERVICES = ['s3', 'monitoring', 'kms', 'sts', 'airflow'] as const;

/** Clients as the action makes them; `signedFor` lets one ask the wrong Region. */
export function clients(
  services: Services,
  region: Region,
  accessKeyId: string = ACCESS_KEYS.runner,
  signedFor = region,
) {
  const credentials = { accessKeyId, secretAccessKey: SECRET_KEY };
  const config = {
    region: signedFor,
    endpoint: services.gateway(region).url,
    credentials,
    maxAttempts: 1,
    disableHostPrefix: true,
  };
  return {
    s3: new S3Client({ ...config, forcePathStyle: true }),
    cloudWatch: new CloudWatchClient(config),
    kms: new KMSClient(config),
    sts: new STSClient(config),
    mwaa: new MWAAClient(config),
  };
}

export interface SdkError {
  name: string;
  status: number | undefined;
}

export async function errorOf(call: Promise<unknown>): Promise<SdkError> {
  return call.then(
    () => ({ name: 'no error', status: undefined }),
    (error: unknown) => {
      const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
      // In jest's own realm the SDK does not recognise Node's errors and wraps them: the code survives in the text only.
      return { name: /ECONNRESET/.exec(message)?.[0] ?? name, status: $metadata?.httpStatusCode };
    },
  );
}

/** One call of each service, by its name in the signature. */
export function callsOf(
  services: Services,
  region: Region,
  accessKey?: string,
): Record<(typeof SERVICES)[number], () => Promise<unknown>> {
  const { s3, cloudWatch, kms, sts, mwaa } = clients(services, region, accessKey);
  const now = new Date();
  const window = { StartTime: new Date(now.getTime() - 60_000), EndTime: now };
  return {
    s3: () => s3.send(new ListObjectsV2Command({ Bucket: drBucket(region) })),
    monitoring: () => cloudWatch.send(new GetMetricDataCommand({ ...window, MetricDataQueries: [] })),
    kms: () => kms.send(new GenerateDataKeyCommand({ KeyId: 'alias/mwaadr', KeySpec: 'AES_256' })),
    sts: () => sts.send(new GetCallerIdentityCommand({})),
    airflow: () => mwaa.send(new ListEnvironmentsCommand({})),
  };
}
