import { DeleteRolePolicyCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { DisableKeyCommand, EnableKeyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import {
  DeletePublicAccessBlockCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import type { Deployment } from '../../action/src/domain/deployment.ts';
import { keys } from '../../action/src/domain/names.ts';
import { ACCOUNT, dagsBucket, drBucket, environmentName } from '../sandbox/topology.ts';
import { DEPLOYMENT, executionRole, makeVpc, type Bed } from './doctor-bed.ts';

const EAST = 'us-east-1';
const WEST = 'us-west-2';
const STANDBY = environmentName('sandbox', WEST);
const DR = drBucket(WEST);
const DAGS = dagsBucket('sandbox', WEST);

const plane = (bed: Bed) => bed.services.controlPlane(WEST);
const settings = (bed: Bed) => plane(bed).getEnvironment({ Name: STANDBY }).Environment;
const s3 = (bed: Bed) => bed.services.s3(WEST);
const iam = (bed: Bed) => bed.services.moto.iam();
const kms = (bed: Bed) => bed.services.moto.kms(WEST);
const PUBLIC = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };

const versioning = (bed: Bed, Status: 'Enabled' | 'Suspended') =>
  s3(bed).send(new PutBucketVersioningCommand({ Bucket: DAGS, VersioningConfiguration: { Status } }));

/** Puts an option into the standby's environment by hand, and takes it out again. */
const option = (name: string, value: string): Defect['plant'] => {
  const set = (bed: Bed, AirflowConfigurationOptions: Record<string, string>) => {
    plane(bed).edit(STANDBY, { AirflowConfigurationOptions });
  };
  return (bed) => {
    set(bed, { [name]: value });
    return () => {
      set(bed, {});
    };
  };
};

const key = async (bed: Bed): Promise<string> => (await bed.keyArn(WEST)).split('/')[1] ?? '';

async function policy(bed: Bed, principal: string): Promise<void> {
  const Statement = [{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:*', Resource: '*' }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await kms(bed).send(new PutKeyPolicyCommand({ KeyId: await key(bed), PolicyName: 'default', Policy }));
}

type Undo = () => unknown;
export interface Defect {
  readonly name: string;
  readonly plant: (bed: Bed) => Undo | Promise<Undo>;
  /** The findings, and no other. */
  readonly found: readonly string[];
  readonly says: RegExp;
  readonly deployment?: Deployment;
}

/** Takes an object away, or changes it, and brings it back. */
const objectIn = (bucket: string, name: string, body?: string): Defect['plant'] => {
  return async (bed) => {
    const { objects } = bed.world.region(WEST);
    const before = await objects.get(bucket, name);
    if (body === undefined) await objects.delete(bucket, name);
    else await objects.put(bucket, name, body, 'any');
    await bed.services.moto.replicated();
    return async () => {
      await objects.put(bucket, name, before?.body ?? '', 'any');
      await bed.services.moto.replicated();
    };
  };
};

/** One at a time in a sound deployment. */
export const DEFECTS: readonly Defect[] = [
  {
    name: 'a DAGs bucket without versions',
    plant: async (bed) => {
      await versioning(bed, 'Suspended');
      return () => versioning(bed, 'Enabled');
    },
    found: [`error bucket-versioning: ${WEST}, ${DAGS}`],
    says: /Suspended/,
  },
  {
    name: 'a bucket that may become public',
    plant: async (bed) => {
      await s3(bed).send(new DeletePublicAccessBlockCommand({ Bucket: DR }));
      const back = new PutPublicAccessBlockCommand({ Bucket: DR, PublicAccessBlockConfiguration: PUBLIC });
      return () => s3(bed).send(back);
    },
    found: [`warning bucket-public-access: ${WEST}, ${DR}`],
    says: /no public access block/,
  },
  {
    name: 'replication that is switched off',
    plant: async (bed) => {
      await bed.replicate(EAST, (rule) => (rule.ID === 'snapshots/' ? { ...rule, Status: 'Disabled' } : rule));
      return () => bed.replicate(EAST);
    },
    found: [`error replication: ${EAST}, ${drBucket(EAST)}, snapshots/`],
    says: /disabled/,
  },
  {
    name: 'replication to another bucket',
    plant: async (bed) => {
      await bed.replicate(WEST, (rule) => ({ ...rule, Destination: { Bucket: `arn:aws:s3:::${DAGS}` } }));
      return () => bed.replicate(WEST);
    },
    found: [`error replication: ${WEST}, ${DR}, snapshots/`, `warning replication: ${WEST}, ${DR}, evidence/`],
    says: /goes to sandbox-dags/,
  },
  {
    name: 'a disabled key',
    plant: async (bed) => {
      await kms(bed).send(new DisableKeyCommand({ KeyId: await key(bed) }));
      return async () => kms(bed).send(new EnableKeyCommand({ KeyId: await key(bed) }));
    },
    found: [`error key: ${WEST}, alias/mwaadr`],
    says: /is Disabled/,
  },
  {
    name: 'a key policy that names somebody else only',
    plant: async (bed) => {
      await policy(bed, `arn:aws:iam::${ACCOUNT}:role/another`);
      return () => policy(bed, `arn:aws:iam::${ACCOUNT}:root`);
    },
    found: [`error key-policy: ${WEST}, alias/mwaadr`],
    says: /sandbox-us-east-1-execution and .*sandbox-us-west-2-execution not use it/,
  },
  {
    name: 'an execution role without its policy',
    plant: async (bed) => {
      const gone = { RoleName: executionRole(WEST), PolicyName: 'mwaadr' };
      await iam(bed).send(new DeleteRolePolicyCommand(gone));
      return () => bed.allow(gone.RoleName);
    },
    found: [`error execution-rights: ${WEST}, arn:aws:iam::${ACCOUNT}:role/${STANDBY}-execution`],
    says: /s3:ListBucket on/,
  },
  {
    name: 'a workflow role that is denied a right',
    plant: async (bed) => {
      const denial = { RoleName: 'mwaadr-sandbox-failover', PolicyName: 'denial' };
      const Statement = [{ Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*' }];
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
      await iam(bed).send(new PutRolePolicyCommand({ ...denial, PolicyDocument }));
      return () => iam(bed).send(new DeleteRolePolicyCommand(denial));
    },
    found: [`error workflow-rights: workflow failover, arn:aws:iam::${ACCOUNT}:role/mwaadr-sandbox-failover`],
    says: /denied explicitly/,
  },
  {
    name: 'an object version that is gone',
    plant: (bed) => {
      plane(bed).edit(STANDBY, { RequirementsS3Path: 'requirements.txt', RequirementsS3ObjectVersion: 'gone' });
      return () => {
        plane(bed).edit(STANDBY, { RequirementsS3Path: '', RequirementsS3ObjectVersion: '' });
      };
    },
    found: [`error object-versions: ${WEST}, ${DAGS}/requirements.txt`],
    says: /version gone of its requirements/,
  },
  {
    name: 'another Airflow version',
    plant: (bed) => {
      plane(bed).edit(STANDBY, { AirflowVersion: '2.10.1' });
      return () => {
        plane(bed).edit(STANDBY, { AirflowVersion: '2.10.3' });
      };
    },
    found: [`error airflow-version: ${WEST}, ${STANDBY}`],
    says: /runs Airflow 2.10.1/,
  },
  {
    name: 'a smaller class',
    plant: (bed) => {
      bed.services.controlPlane(EAST).edit(environmentName('sandbox', EAST), { EnvironmentClass: 'mw1.large' });
      return () => {
        bed.services.controlPlane(EAST).edit(environmentName('sandbox', EAST), { EnvironmentClass: 'mw1.small' });
      };
    },
    found: [`warning environment-class: ${WEST}, ${STANDBY}`],
    says: /is mw1.small, the active site is mw1.large/,
  },
  {
    name: 'an environment in maintenance',
    plant: (bed) => {
      plane(bed).setStatus(STANDBY, 'MAINTENANCE');
      return () => {
        plane(bed).setStatus(STANDBY, 'AVAILABLE');
      };
    },
    found: [`warning environment-status: ${WEST}, ${STANDBY}`],
    says: /MAINTENANCE/,
  },
  {
    name: 'a blocked metric',
    plant: option('metrics.metrics_block_list', 'dag_processing,scheduler'),
    found: [`warning configuration-options: ${WEST}, ${STANDBY}`],
    says: /keeps SchedulerHeartbeat/,
  },
  {
    name: 'a scheduler that schedules nothing',
    plant: option('scheduler.use_job_schedule', 'False'),
    found: [`error configuration-options: ${WEST}, ${STANDBY}`],
    says: /no DAG starts/,
  },
  {
    name: 'a standby that starts what it parses',
    plant: option('core.dags_are_paused_at_creation', 'False'),
    found: [`warning configuration-options: ${WEST}, ${STANDBY}`],
    says: /whatever DAG file arrives/,
  },
  {
    name: 'subnets in one zone, and a security group of another VPC',
    plant: async (bed) => {
      const before = settings(bed).NetworkConfiguration;
      const { subnets } = await makeVpc(bed.services, WEST, ['a', 'a']);
      const NetworkConfiguration = { ...before, SubnetIds: [...subnets] };
      plane(bed).edit(STANDBY, { NetworkConfiguration });
      return () => {
        plane(bed).edit(STANDBY, { NetworkConfiguration: before });
      };
    },
    found: [`error subnets: ${WEST}, ${STANDBY}`, `error security-groups: ${WEST}, ${STANDBY}`],
    says: /in one zone/,
  },
  {
    name: 'a DAG file that Airflow cannot import',
    plant: (bed) => {
      const runtime = bed.services.runtime(WEST);
      const before = runtime.answer;
      const import_errors = [{ filename: '/usr/local/airflow/dags/orders.py', stack_trace: 'password=hunter2' }];
      runtime.answer = () => ({ status: 200, body: { import_errors, total_entries: 1 } });
      return () => {
        runtime.answer = before;
      };
    },
    found: [`warning import-errors: ${WEST}, ${STANDBY}`],
    says: /^(?!.*hunter2).*orders\.py/,
  },
  {
    name: 'a DR DAG of another release',
    plant: objectIn(DAGS, 'dags/mwaadr/core/canary.py', '# older\n'),
    // The bucket is replicated, and so is the defect.
    found: [`warning dr-dags: ${EAST}, ${dagsBucket('sandbox', EAST)}`, `warning dr-dags: ${WEST}, ${DAGS}`],
    says: /core\/canary\.py/,
  },
  {
    name: 'a configuration of the DR DAGs that is missing',
    plant: objectIn(DAGS, 'dags/mwaadr/deployment.json'),
    found: [`error deployment-json: ${WEST}, ${DAGS}`],
    says: /missing/,
  },
  {
    name: 'a control record that is missing',
    plant: objectIn(DR, keys.control('sandbox')),
    found: [`error control-record: ${WEST}, ${DR}`],
    says: /not installed here/,
  },
  {
    name: 'a canary that never beat',
    plant: objectIn(DR, keys.heartbeat('sandbox', WEST)),
    found: [`error heartbeat: ${WEST}, ${STANDBY}`],
    says: /never beaten/,
  },
  {
    name: 'a standby that is not held',
    plant: async (bed) => {
      await bed.beat(WEST, { held: false });
      return () => bed.beat(WEST);
    },
    found: [`error hold: ${WEST}, ${STANDBY}`],
    says: /may run/,
  },
  {
    name: 'a private web server out of reach',
    plant: (bed) => {
      plane(bed).edit(STANDBY, { WebserverAccessMode: 'PRIVATE_ONLY' });
      const end = bed.services.gateway(WEST).fault('refused', { operation: 'InvokeRestApi' });
      return () => {
        plane(bed).edit(STANDBY, { WebserverAccessMode: 'PUBLIC_ONLY' });
        end();
      };
    },
    found: [`error rest-access: ${WEST}, ${STANDBY}`],
    says: /PRIVATE_ONLY/,
  },
  {
    name: 'an environment that is missing',
    plant: () => () => undefined,
    deployment: withSite({ environment: 'nowhere' }),
    found: [`error environment: ${WEST}, nowhere`, `error deployment-json: ${EAST}, ${dagsBucket('sandbox', EAST)}`],
    says: /no such environment/,
  },
];

function withSite(change: Partial<Deployment['sites'][1]>): Deployment {
  return { ...DEPLOYMENT, sites: [DEPLOYMENT.sites[0], { ...DEPLOYMENT.sites[1], ...change }] };
}
