import { randomBytes } from 'node:crypto';
import { setTimeout as elapsed } from 'node:timers/promises';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { PutBucketEncryptionCommand, PutBucketReplicationCommand, type ReplicationRule } from '@aws-sdk/client-s3';
import { LIMITS } from '../../action/src/aws/call.ts';
import { parseEndpoints } from '../../action/src/aws/endpoints.ts';
import { createInspectors } from '../../action/src/aws/inspector.ts';
import { createRegions } from '../../action/src/aws/region.ts';
import { parseDeployment } from '../../action/src/domain/deployment-file.ts';
import type { Deployment } from '../../action/src/domain/deployment.ts';
import type { Inspector } from '../../action/src/domain/doctor-ports.ts';
import { EXECUTION_GRANTS, WORKFLOW_GRANTS } from '../../action/src/domain/grants.ts';
import type { Grant } from '../../action/src/domain/grants.ts';
import { keys, roleName } from '../../action/src/domain/names.ts';
import type { World } from '../../action/src/domain/ports.ts';
import { iso, toStored } from '../../action/src/domain/stored-json.ts';
import { drDags } from '../../action/src/dr-dags.ts';
import type { Diagnosis } from '../../action/src/domain/doctor.ts';
import { examine } from '../../action/src/operations/doctor.ts';
import { install } from '../../action/src/operations/install.ts';
import { writeSnapshot } from '../doubles/model-snapshot.ts';
import { startServices, type Services } from '../sandbox/services.ts';
import {
  ACCESS_KEYS,
  ACCOUNT,
  ACCOUNTS,
  dagsBucket,
  DEFAULT_PERIODS,
  deploymentOf,
  drBucket,
  environmentName,
  KMS_ALIAS,
  otherRegion,
  REGIONS,
  SECRET_KEY,
} from '../sandbox/topology.ts';
import type { Region } from '../sandbox/types.ts';

const NAME = 'sandbox';
const HOUR = 3_600;

/** A deployment whose health periods are hours, so that nothing grows stale while the tests run. */
const declared = {
  ...deploymentOf(NAME, '2.10.3', { ...DEFAULT_PERIODS, rpo: HOUR, snapshot: HOUR, canary: 300, health: HOUR }),
  manage: 'observe',
};
export const DEPLOYMENT: Deployment = parseDeployment(JSON.stringify(declared), 'sandbox.json');

/** EC2's Query API straight to moto, past the gateway. */
async function ec2(services: Services, region: Region, parameters: Record<string, string>): Promise<string> {
  const scope = `Credential=${ACCESS_KEYS.service[region]}/20260101/${region}/ec2/aws4_request`;
  const response = await fetch(services.moto.url, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({ Version: '2016-11-15', ...parameters }),
  });
  return response.text();
}

const idOf = (text: string, tag: string): string => new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(text)?.[1] ?? '';

export interface Vpc {
  readonly subnets: readonly [string, string];
  readonly group: string;
}

let networks = 0;

/** A VPC with two subnets in these zones. */
export async function makeVpc(services: Services, region: Region, zones = ['a', 'b']): Promise<Vpc> {
  const net = `10.${++networks}`;
  const vpc = idOf(await ec2(services, region, { Action: 'CreateVpc', CidrBlock: `${net}.0.0/16` }), 'vpcId');
  const subnet = async (zone = 'a', index = 0) => {
    const parameters = { VpcId: vpc, CidrBlock: `${net}.${index}.0/24`, AvailabilityZone: `${region}${zone}` };
    return idOf(await ec2(services, region, { Action: 'CreateSubnet', ...parameters }), 'subnetId');
  };
  const group = { Action: 'CreateSecurityGroup', GroupName: 'mwaa', GroupDescription: 'mwaa', VpcId: vpc };
  return {
    subnets: [await subnet(zones[0], 0), await subnet(zones[1], 1)],
    group: idOf(await ec2(services, region, group), 'groupId'),
  };
}

/** A policy that allows exactly these grants, as the infrastructure writes it. */
const policyOf = (grants: readonly Grant[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: grants.flatMap(({ actions, where }) => {
      const { resources, conditions } = where(DEPLOYMENT);
      if (resources.length === 0) return [];
      return { Effect: 'Allow', Action: actions, Resource: resources, ...(conditions && { Condition: conditions }) };
    }),
  });

export const executionRole = (region: Region): string => `${environmentName(NAME, region)}-execution`;

/** Two Regions with a sound deployment, and a doctor. */
export class Bed {
  readonly services: Services;
  readonly world: World;
  readonly #inspectors: (region: string) => Inspector;

  private constructor(services: Services) {
    this.services = services;
    const session = {
      credentials: () => Promise.resolve({ accessKeyId: ACCESS_KEYS.runner, secretAccessKey: SECRET_KEY }),
      endpoints: parseEndpoints(services.endpoints),
      limits: LIMITS,
      accounts: ACCOUNTS,
    };
    this.#inspectors = createInspectors(session);
    this.world = {
      clock: { now: () => Date.now(), sleep: (milliseconds) => elapsed(milliseconds) },
      random: { hex: (bytes) => randomBytes(bytes).toString('hex') },
      log: { group: (_title, body) => body(), info: () => undefined, warning: () => undefined },
      region: createRegions(session, '2.10.3'),
      actor: 'test',
      drDags,
      stop: new AbortController().signal,
    };
  }

  static async start(): Promise<Bed> {
    const bed = new Bed(await startServices({ deployment: NAME, quota: 30 }));
    await bed.roles();
    for (const region of REGIONS) await bed.#site(region);
    await install(bed.world, DEPLOYMENT, { wait: 0 });
    for (const region of REGIONS) await bed.beat(region);
    await bed.snapshot(Date.now());
    return bed;
  }

  examine(deployment: Deployment = DEPLOYMENT): Promise<Omit<Diagnosis, 'file'>> {
    return examine(this.world, deployment, this.#inspectors);
  }

  async roles(): Promise<void> {
    const roles: [string, readonly Grant[]][] = [
      ...REGIONS.map((region): [string, readonly Grant[]] => [executionRole(region), EXECUTION_GRANTS]),
      ...(Object.keys(WORKFLOW_GRANTS) as (keyof typeof WORKFLOW_GRANTS)[]).map(
        (workflow): [string, readonly Grant[]] => [roleName(DEPLOYMENT, workflow), WORKFLOW_GRANTS[workflow]],
      ),
    ];
    const iam = this.services.moto.iam();
    for (const [RoleName, grants] of roles) {
      await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: '{}' }));
      await this.allow(RoleName, grants);
    }
  }

  async allow(RoleName: string, grants: readonly Grant[] = EXECUTION_GRANTS): Promise<void> {
    const PolicyDocument = policyOf(grants);
    await this.services.moto.iam().send(new PutRolePolicyCommand({ RoleName, PolicyName: 'mwaadr', PolicyDocument }));
  }

  async keyArn(region: Region): Promise<string> {
    const { KeyMetadata } = await this.services.moto.kms(region).send(new DescribeKeyCommand({ KeyId: KMS_ALIAS }));
    return KeyMetadata?.Arn ?? '';
  }

  /** What the canary of a site writes; the standby's says that it is held. */
  async beat(region: Region, hold: object = {}): Promise<void> {
    const isActive = region === REGIONS[0];
    const held = { installed: true, held: !isActive, unpausedUserDags: 0, liveUserRuns: 0, ...hold };
    const beat = {
      schemaVersion: 1,
      deployment: NAME,
      site: region,
      at: iso(Date.now()),
      role: isActive ? 'active' : 'standby',
      epoch: 0,
      hold: held,
      fence: null,
    };
    await this.put(region, keys.heartbeat(NAME, region), toStored(beat));
  }

  async snapshot(at: number): Promise<void> {
    const id = `${iso(at).slice(0, 19).replaceAll(/[-:]/g, '')}Z-e0-0123abcd`;
    const tables = { runs: [], dags: new Map() };
    const objects = writeSnapshot({ deployment: DEPLOYMENT, id, at, lineage: { site: REGIONS[0], epoch: 0 }, tables });
    for (const [path, body] of objects) await this.put(REGIONS[1], `${keys.snapshots(NAME)}${id}/${path}`, body);
  }

  async put(region: Region, key: string, body: string | Uint8Array): Promise<void> {
    await this.world.region(region).objects.put(drBucket(region), key, body, 'any');
  }

  async #site(region: Region): Promise<void> {
    const { services } = this;
    await services.s3(region).send(
      new PutBucketEncryptionCommand({
        Bucket: drBucket(region),
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: {
                SSEAlgorithm: 'aws:kms',
                KMSMasterKeyID: await this.keyArn(region),
              },
            },
          ],
        },
      }),
    );
    await this.replicate(region);
    await this.environment(region, await makeVpc(services, region));
    services.runtime(region).answer = ({ path }) =>
      path === '/importErrors'
        ? { status: 200, body: { import_errors: [], total_entries: 0 } }
        : { status: 404, body: { detail: 'not here' } };
    await this.#heartbeatMetric(region);
  }

  /** The rules of the DR bucket as the infrastructure makes them, or changed. */
  async replicate(region: Region, change: (rule: ReplicationRule) => ReplicationRule = (rule) => rule): Promise<void> {
    const Rules = ['snapshots/', 'evidence/'].map((prefix, index) =>
      change({
        ID: prefix,
        Status: 'Enabled',
        Priority: index + 1,
        Filter: { Prefix: `${prefix}${NAME}/` },
        DeleteMarkerReplication: { Status: 'Disabled' },
        SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
        Destination: { Bucket: `arn:aws:s3:::${drBucket(otherRegion(region))}` },
      }),
    );
    const ReplicationConfiguration = { Role: `arn:aws:iam::${ACCOUNT}:role/replication`, Rules };
    const command = new PutBucketReplicationCommand({ Bucket: drBucket(region), ReplicationConfiguration });
    await this.services.s3(region).send(command);
  }

  async environment(region: Region, { subnets, group }: Vpc, more: object = {}): Promise<void> {
    const plane = this.services.controlPlane(region);
    plane.createEnvironment({
      Name: environmentName(NAME, region),
      AirflowVersion: '2.10.3',
      EnvironmentClass: 'mw1.small',
      ExecutionRoleArn: `arn:aws:iam::${ACCOUNT}:role/${environmentName(NAME, region)}-execution`,
      SourceBucketArn: `arn:aws:s3:::${dagsBucket(NAME, region)}`,
      DagS3Path: 'dags',
      NetworkConfiguration: { SubnetIds: [...subnets], SecurityGroupIds: [group] },
      WebserverAccessMode: 'PUBLIC_ONLY',
      ...more,
    });
    await plane.settled();
  }

  async #heartbeatMetric(region: Region): Promise<void> {
    const credentials = { accessKeyId: ACCESS_KEYS.runner, secretAccessKey: SECRET_KEY };
    const client = new CloudWatchClient({ region, endpoint: this.services.gateway(region).url, credentials });
    const Dimensions = [
      { Name: 'Function', Value: 'Scheduler' },
      { Name: 'Environment', Value: environmentName(NAME, region) },
    ];
    const Timestamp = new Date(Date.now() - 60_000);
    const MetricData = [{ MetricName: 'SchedulerHeartbeat', Dimensions, Timestamp, Value: 1 }];
    await client.send(new PutMetricDataCommand({ Namespace: 'AmazonMWAA', MetricData }));
  }
}
