import { join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  S3Client,
  type ReplicationRule,
} from '@aws-sdk/client-s3';
import { installMoto } from './install.ts';
import { untilReady, type Processes } from './processes.ts';
import { ACCESS_KEYS, ACCOUNT, dagsBucket, drBucket, KMS_ALIAS, otherRegion, REGIONS, SECRET_KEY } from './topology.ts';
import type { Region } from './types.ts';
import { eventually, freePort, type Log } from './waiting.ts';

interface ReplicationStatus {
  paused: Region[];
  waiting: number;
}

/** The moto process behind both gateways: S3, CloudWatch, STS and KMS of both Regions. */
export class Moto {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  static async start(processes: Processes, log: Log): Promise<Moto> {
    const python = await installMoto(log);
    const port = await freePort();
    const moto = new Moto(`http://127.0.0.1:${port}`);
    const started = processes.start({
      name: 'server',
      group: 'moto',
      command: [python, join(import.meta.dirname, 'moto/server.py'), String(port)],
      env: { MOTO_ACCOUNT_ID: ACCOUNT, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', LANG: 'C.UTF-8' },
    });
    const answers = eventually('moto answers', () => moto.#replication(), { everyMs: 50 });
    await untilReady('moto', started, answers);
    return moto;
  }

  s3(region: Region): S3Client {
    return new S3Client({ ...this.#client(region), forcePathStyle: true });
  }

  cloudWatch(region: Region): CloudWatchClient {
    return new CloudWatchClient(this.#client(region));
  }

  kms(region: Region): KMSClient {
    return new KMSClient(this.#client(region));
  }

  /** Replication from or to these Regions waits; all others go on. */
  async pauseReplication(paused: readonly Region[]): Promise<void> {
    await this.#replication({ method: 'PUT', body: JSON.stringify({ paused }) });
  }

  async replicated(): Promise<void> {
    const isIdle = async (): Promise<true | undefined> => (await this.#replication()).waiting === 0 || undefined;
    await eventually('everything is replicated', isIdle, { everyMs: 50 });
  }

  async #replication(init?: RequestInit): Promise<ReplicationStatus> {
    const response = await fetch(`${this.url}/_sandbox/replication`, init);
    return (await response.json()) as ReplicationStatus;
  }

  #client(region: Region) {
    const credentials = { accessKeyId: ACCESS_KEYS.service[region], secretAccessKey: SECRET_KEY };
    return { region, endpoint: this.url, credentials };
  }
}

/** What CDK makes in a real account: buckets with replication both ways, and a key per Region. */
export async function provision(moto: Moto, deployment: string): Promise<void> {
  await Promise.all(REGIONS.map((region) => createKey(moto.kms(region))));
  await Promise.all(REGIONS.map((region) => createBuckets(moto.s3(region), region, deployment)));
  for (const region of REGIONS) {
    const peer = otherRegion(region);
    const s3 = moto.s3(region);
    await replicate(s3, drBucket(region), drBucket(peer), ['snapshots/', 'evidence/']);
    await replicate(s3, dagsBucket(deployment, region), dagsBucket(deployment, peer), ['']);
  }
}

async function createKey(kms: KMSClient): Promise<void> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'mwaa-dr-action snapshots' }));
  await kms.send(new CreateAliasCommand({ AliasName: KMS_ALIAS, TargetKeyId: KeyMetadata?.KeyId }));
}

async function createBuckets(s3: S3Client, region: Region, deployment: string): Promise<void> {
  for (const Bucket of [drBucket(region), dagsBucket(deployment, region)]) {
    const elsewhere = region === 'us-east-1' ? undefined : { LocationConstraint: region };
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: elsewhere }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  }
}

async function replicate(s3: S3Client, from: string, to: string, prefixes: string[]): Promise<void> {
  const Rules = prefixes.map((Prefix, index): ReplicationRule => ({
    ID: `prefix-${index}`,
    Status: 'Enabled',
    Priority: index + 1,
    Filter: { Prefix },
    DeleteMarkerReplication: { Status: 'Disabled' },
    Destination: { Bucket: `arn:aws:s3:::${to}` },
  }));
  const Role = `arn:aws:iam::${ACCOUNT}:role/replication`;
  await s3.send(new PutBucketReplicationCommand({ Bucket: from, ReplicationConfiguration: { Role, Rules } }));
}
