import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
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
import { Bed, DEPLOYMENT, executionRole, makeVpc } from './doctor-bed.ts';

jest.setTimeout(60_000);

const EAST = 'us-east-1';
const WEST = 'us-west-2';
const STANDBY = environmentName('sandbox', WEST);
const DR = drBucket(WEST);
const DAGS = dagsBucket('sandbox', WEST);

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
}, 120_000);
afterAll(() => bed.services.stop(), 30_000);

const plane = () => bed.services.controlPlane(WEST);
const settings = () => plane().getEnvironment({ Name: STANDBY }).Environment;
const s3 = () => bed.services.s3(WEST);
const iam = () => bed.services.moto.iam();
const kms = () => bed.services.moto.kms(WEST);
const PUBLIC = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };

const versioning = (Status: 'Enabled' | 'Suspended') =>
  s3().send(new PutBucketVersioningCommand({ Bucket: DAGS, VersioningConfiguration: { Status } }));

/** Puts an option into the standby's environment by hand, and takes it out again. */
const option = (name: string, value: string): Defect['plant'] => {
  const set = (AirflowConfigurationOptions: Record<string, string>) => {
    plane().edit(STANDBY, { AirflowConfigurationOptions });
  };
  return () => {
    set({ [name]: value });
    return () => {
      set({});
    };
  };
};

const key = async (): Promise<string> => (await bed.keyArn(WEST)).split('/')[1] ?? '';

async function policy(principal: string): Promise<void> {
  const Statement = [{ Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:*', Resource: '*' }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await kms().send(new PutKeyPolicyCommand({ KeyId: await key(), PolicyName: 'default', Policy }));
}

type Undo = () => unknown;
interface Defect {
  readonly name: string;
  readonly plant: () => Undo | Promise<Undo>;
  /** The findings, and no other. */
  readonly found: readonly string[];
  readonly says: RegExp;
  readonly deployment?: Deployment;
}

/** Takes an object away, or changes it, and brings it back. */
const objectIn = (bucket: string, name: string, body?: string): Defect['plant'] => {
  return async () => {
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

const DEFECTS: readonly Defect[] = [
  {
    name: 'a DAGs bucket without versions',
    plant: async () => {
      await versioning('Suspended');
      return () => versioning('Enabled');
    },
    found: [`error bucket-versioning: ${WEST}, ${DAGS}`],
    says: /Suspended/,
  },
  {
    name: 'a bucket that may become public',
    plant: async () => {
      await s3().send(new DeletePublicAccessBlockCommand({ Bucket: DR }));
      const back = new PutPublicAccessBlockCommand({ Bucket: DR, PublicAccessBlockConfiguration: PUBLIC });
      return () => s3().send(back);
    },
    found: [`warning bucket-public-access: ${WEST}, ${DR}`],
    says: /no public access block/,
  },
  {
    name: 'replication that is switched off',
    plant: async () => {
      await bed.replicate(EAST, (rule) => (rule.ID === 'snapshots/' ? { ...rule, Status: 'Disabled' } : rule));
      return () => bed.replicate(EAST);
    },
    found: [`error replication: ${EAST}, ${drBucket(EAST)}, snapshots/`],
    says: /disabled/,
  },
  {
    name: 'replication to another bucket',
    plant: async () => {
      await bed.replicate(WEST, (rule) => ({ ...rule, Destination: { Bucket: `arn:aws:s3:::${DAGS}` } }));
      return () => bed.replicate(WEST);
    },
    found: [`error replication: ${WEST}, ${DR}, snapshots/`, `warning replication: ${WEST}, ${DR}, evidence/`],
    says: /goes to sandbox-dags/,
  },
  {
    name: 'a disabled key',
    plant: async () => {
      await kms().send(new DisableKeyCommand({ KeyId: await key() }));
      return async () => kms().send(new EnableKeyCommand({ KeyId: await key() }));
    },
    found: [`error key: ${WEST}, alias/mwaadr`],
    says: /is Disabled/,
  },
  {
    name: 'a key policy that names somebody else only',
    plant: async () => {
      await policy(`arn:aws:iam::${ACCOUNT}:role/another`);
      return () => policy(`arn:aws:iam::${ACCOUNT}:root`);
    },
    found: [`error key-policy: ${WEST}, alias/mwaadr`],
    says: /sandbox-us-east-1-execution and .*sandbox-us-west-2-execution not use it/,
  },
  {
    name: 'an execution role without its policy',
    plant: async () => {
      const gone = { RoleName: executionRole(WEST), PolicyName: 'mwaadr' };
      await iam().send(new DeleteRolePolicyCommand(gone));
      return () => bed.allow(gone.RoleName);
    },
    found: [`error execution-rights: ${WEST}, arn:aws:iam::${ACCOUNT}:role/${STANDBY}-execution`],
    says: /s3:ListBucket on/,
  },
  {
    name: 'a workflow role that is denied a right',
    plant: async () => {
      const denial = { RoleName: 'mwaadr-sandbox-failover', PolicyName: 'denial' };
      const Statement = [{ Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*' }];
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
      await iam().send(new PutRolePolicyCommand({ ...denial, PolicyDocument }));
      return () => iam().send(new DeleteRolePolicyCommand(denial));
    },
    found: [`error workflow-rights: workflow failover, arn:aws:iam::${ACCOUNT}:role/mwaadr-sandbox-failover`],
    says: /denied explicitly/,
  },
  {
    name: 'an object version that is gone',
    plant: () => {
      plane().edit(STANDBY, { RequirementsS3Path: 'requirements.txt', RequirementsS3ObjectVersion: 'gone' });
      return () => {
        plane().edit(STANDBY, { RequirementsS3Path: '', RequirementsS3ObjectVersion: '' });
      };
    },
    found: [`error object-versions: ${WEST}, ${DAGS}/requirements.txt`],
    says: /version gone of its requirements/,
  },
  {
    name: 'another Airflow version',
    plant: () => {
      plane().edit(STANDBY, { AirflowVersion: '2.10.1' });
      return () => {
        plane().edit(STANDBY, { AirflowVersion: '2.10.3' });
      };
    },
    found: [`error airflow-version: ${WEST}, ${STANDBY}`],
    says: /runs Airflow 2.10.1/,
  },
  {
    name: 'a smaller class',
    plant: () => {
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
    plant: () => {
      plane().setStatus(STANDBY, 'MAINTENANCE');
      return () => {
        plane().setStatus(STANDBY, 'AVAILABLE');
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
    plant: async () => {
      const before = settings().NetworkConfiguration;
      const { subnets } = await makeVpc(bed.services, WEST, ['a', 'a']);
      const NetworkConfiguration = { ...before, SubnetIds: [...subnets] };
      plane().edit(STANDBY, { NetworkConfiguration });
      return () => {
        plane().edit(STANDBY, { NetworkConfiguration: before });
      };
    },
    found: [`error subnets: ${WEST}, ${STANDBY}`, `error security-groups: ${WEST}, ${STANDBY}`],
    says: /in one zone/,
  },
  {
    name: 'a DAG file that Airflow cannot import',
    plant: () => {
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
    plant: async () => {
      await bed.beat(WEST, { held: false });
      return () => bed.beat(WEST);
    },
    found: [`error hold: ${WEST}, ${STANDBY}`],
    says: /may run/,
  },
  {
    name: 'a private web server out of reach',
    plant: () => {
      plane().edit(STANDBY, { WebserverAccessMode: 'PRIVATE_ONLY' });
      const end = bed.services.gateway(WEST).fault('refused', { operation: 'InvokeRestApi' });
      return () => {
        plane().edit(STANDBY, { WebserverAccessMode: 'PUBLIC_ONLY' });
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

test('a sound deployment gives no finding', async () => {
  const { findings, unknown, checked } = await bed.examine();
  expect(findings).toEqual([]);
  expect(unknown).toBe(0);
  expect(checked).toBeGreaterThan(40);
});

describe('a planted defect is found, and nothing else:', () => {
  test.each(DEFECTS)('$name', async ({ plant, found, says, deployment }) => {
    const undo = await plant();
    try {
      const { findings } = await bed.examine(deployment);
      expect(findings.map(({ level, check, where }) => `${level} ${check}: ${where}`)).toEqual(
        expect.arrayContaining([...found]),
      );
      expect(findings.map(({ what }) => what).join(' | ')).toMatch(says);
      expect(findings.filter(({ level, cure }) => level !== 'unknown' && cure === '')).toEqual([]);
      if (deployment === undefined) expect(findings).toHaveLength(found.length);
    } finally {
      await undo();
    }
  });

  test('and all of them were taken away again', async () => {
    expect((await bed.examine()).findings).toEqual([]);
  });
});

test.each([
  ['denied', /^Allow /],
  ['throttled', /in a minute/],
  ['5xx', /Run `check`/],
] as const)('a Region whose services are %s is unknown, never a defect', async (effect, cure) => {
  const end = bed.services.gateway(WEST).fault(effect);
  try {
    const { findings } = await bed.examine();
    expect(findings.length).toBeGreaterThan(10);
    expect(findings.filter(({ level }) => level !== 'unknown')).toEqual([]);
    expect(findings.filter((finding) => !cure.test(finding.cure))).toEqual([]);
  } finally {
    end();
  }
});
