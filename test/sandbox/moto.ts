import { join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { IAMClient } from '@aws-sdk/client-iam';
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  type ReplicationRule,
} from '@aws-sdk/client-s3';
import { QUOTA } from './control-plane/control-plane.ts';
import { installMoto } from './install.ts';
import { untilReady, type Processes } from './processes.ts';
import { ACCESS_KEYS, ACCOUNT, dagsBucket, drBucket, KMS_ALIAS, otherRegion, REGIONS, SECRET_KEY } from './topology.ts';
import type { Region } from './types.ts';
import { eventually, freePort, type Log } from './waiting.ts';

const NOTHING_PUBLIC = {
  BlockPublicAcls: true,
  BlockPublicPolicy: true,
  IgnorePublicAcls: true,
  RestrictPublicBuckets: true,
};

interface ReplicationStatus {
  paused: Region[];
  waiting: number;
}

/** The moto process behind both gateways: every service but MWAA, of both Regions. */
export class Moto {
  readonly url: string;
  readonly #s3 = new Map<Region, S3Client>();

  constructor(url: string) {
    this.url = url;
  }

  /** `quota` is what Service Quotas tells of MWAA's environments. */
  static async start(processes: Processes, log: Log, quota = QUOTA): Promise<Moto> {
    const python = await installMoto(log);
    const port = await freePort();
    const moto = new Moto(`http://127.0.0.1:${port}`);
    const started = processes.start({
      name: 'server',
      group: 'moto',
      command: [python, join(import.meta.dirname, 'moto/server.py'), String(port)],
      env: {
        MOTO_ACCOUNT_ID: ACCOUNT,
        SANDBOX_ENVIRONMENTS_QUOTA: String(quota),
        PYTHONUNBUFFERED: '1',
        PYTHONDONTWRITEBYTECODE: '1',
        LANG: 'C.UTF-8',
      },
    });
    const answers = eventually('moto answers', () => moto.#replication(), { everyMs: 50 });
    await untilReady('moto', started, answers);
    return moto;
  }

  s3(region: Region): S3Client {
    const known = this.#s3.get(region) ?? new S3Client({ ...this.#client(region), forcePathStyle: true });
    this.#s3.set(region, known);
    return known;
  }

  cloudWatch(region: Region): CloudWatchClient {
    return new CloudWatchClient(this.#client(region));
  }

  kms(region: Region): KMSClient {
    return new KMSClient(this.#client(region));
  }

  iam(): IAMClient {
    return new IAMClient(this.#client('us-east-1'));
  }

  /** Two subnets in two zones and the security group that the Region's own VPC begins with. */
  async network(region: Region): Promise<{ subnetIds: string[]; securityGroupIds: string[] }> {
    const [subnets, groups] = [
      await this.#ec2(region, 'DescribeSubnets'),
      await this.#ec2(region, 'DescribeSecurityGroups'),
    ];
    const subnetIds = [...new Set(subnets.match(/subnet-[0-9a-f]+/g))].slice(0, 2);
    return { subnetIds, securityGroupIds: [...new Set(groups.match(/sg-[0-9a-f]+/g))].slice(0, 1) };
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

  async #ec2(region: Region, Action: string): Promise<string> {
    const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEYS.service[region]}/20260101/${region}/ec2/aws4_request`;
    const body = new URLSearchParams({ Action, Version: '2016-11-15' });
    return (await fetch(this.url, { method: 'POST', headers: { authorization }, body })).text();
  }

  #client(region: Region) {
    const credentials = { accessKeyId: ACCESS_KEYS.service[region], secretAccessKey: SECRET_KEY };
    return { region, endpoint: this.url, credentials };
  }
}

export interface BucketSpec {
  name: string;
  region: Region;
  /** True unless said otherwise, as MWAA wants it; false plants a defect. */
  isVersioned?: boolean;
  isPublicAccessBlocked?: boolean;
  /** Another of these buckets, to which what has one of the prefixes goes. */
  replicatesTo?: { bucket: string; prefixes: string[] };
}

/** What CDK makes in a real account: buckets with replication both ways, and a key per Region. */
export async function provision(moto: Moto, deployment: string): Promise<void> {
  await Promise.all(REGIONS.map((region) => createKey(moto.kms(region))));
  const buckets = REGIONS.flatMap((region): BucketSpec[] => {
    const peer = otherRegion(region);
    const drRule = { bucket: drBucket(peer), prefixes: ['snapshots/', 'evidence/'] };
    const dagsRule = { bucket: dagsBucket(deployment, peer), prefixes: [''] };
    return [
      { name: drBucket(region), region, replicatesTo: drRule },
      { name: dagsBucket(deployment, region), region, replicatesTo: dagsRule },
    ];
  });
  await provisionBuckets(moto, buckets);
}

/** Makes buckets as an MWAA environment needs them. */
export async function provisionBuckets(moto: Moto, buckets: readonly BucketSpec[]): Promise<void> {
  for (const bucket of buckets) await createBucket(moto.s3(bucket.region), bucket);
  for (const { name, region, replicatesTo } of buckets)
    if (replicatesTo) await replicate(moto.s3(region), name, replicatesTo.bucket, replicatesTo.prefixes);
}

async function createKey(kms: KMSClient): Promise<void> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'mwaa-dr-action snapshots' }));
  await kms.send(new CreateAliasCommand({ AliasName: KMS_ALIAS, TargetKeyId: KeyMetadata?.KeyId }));
}

async function createBucket(s3: S3Client, spec: BucketSpec): Promise<void> {
  const { name: Bucket, region, isVersioned = true, isPublicAccessBlocked = true } = spec;
  const elsewhere = region === 'us-east-1' ? undefined : { LocationConstraint: region };
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: elsewhere }));
  if (isVersioned)
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  if (isPublicAccessBlocked)
    await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: NOTHING_PUBLIC }));
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
