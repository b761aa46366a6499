/** What a workflow asked of AWS, held against what its role allows. */
import type { Deployment } from '../../action/src/domain/deployment.ts';
import { parseDeployment } from '../../action/src/domain/deployment-file.ts';
import { statementsOf, WORKFLOW_GRANTS } from '../../action/src/domain/grants.ts';
import type { Workflow } from '../../action/src/domain/names.ts';
import { routeOf } from '../sandbox/control-plane/wire.ts';
import { ACCESS_KEYS, REGIONS } from '../sandbox/topology.ts';
import type { Gateway, GatewayRequest, Region, Service } from '../sandbox/types.ts';

/** A request and the Region whose endpoint it came to. */
export interface RoleCall extends GatewayRequest {
  readonly region: Region;
}

/** IAM's name of an operation where it is another one than the API's. */
const ACTIONS: Readonly<Record<string, string>> = {
  GetBucketEncryption: 's3:GetEncryptionConfiguration',
  GetBucketReplication: 's3:GetReplicationConfiguration',
  GetPublicAccessBlock: 's3:GetBucketPublicAccessBlock',
  HeadObject: 's3:GetObject',
  ListObjectsV2: 's3:ListBucket',
  ListObjects: 's3:ListBucket',
};
const PREFIXES: Readonly<Record<Service | 'unknown', string>> = {
  s3: 's3',
  monitoring: 'cloudwatch',
  kms: 'kms',
  airflow: 'airflow',
  sts: 'sts',
  iam: 'iam',
  ec2: 'ec2',
  servicequotas: 'servicequotas',
  unknown: 'unknown',
};

function actionOf({ service, operation, path }: RoleCall): string {
  const action = ACTIONS[operation] ?? `${PREFIXES[service]}:${operation}`;
  return action === 's3:GetObject' && /[?&]versionId=/.test(path) ? 's3:GetObjectVersion' : action;
}

/** What IAM would be asked about; services whose requests do not name it are judged by the action alone. */
function resourcesOf({ service, operation, method, path, region }: RoleCall, account: string): string[] | undefined {
  if (service === 's3') {
    const name = decodeURIComponent(path.split('?')[0] ?? '').replace(/^\//, '');
    return [`arn:aws:s3:::${name.replace(/\/$/, '')}`];
  }
  if (service !== 'airflow') return undefined;
  const { name = '' } = routeOf(method, path) ?? {};
  const ours = `arn:aws:airflow:${region}:${account}`;
  if (operation === 'ListEnvironments') return ['*'];
  if (operation === 'InvokeRestApi') return ['Viewer', 'Op'].map((role) => `${ours}:role/${name}/${role}`);
  return [name.startsWith('arn:') ? name : `${ours}:environment/${name}`];
}

const matches = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text);

interface Role {
  readonly workflow: Workflow;
  readonly deployment: Deployment;
}

function isGranted({ workflow, deployment }: Role, request: RoleCall): boolean {
  const action = actionOf(request);
  const asked = resourcesOf(request, deployment.sites[0].account);
  return statementsOf(deployment, WORKFLOW_GRANTS[workflow]).some(
    ({ actions, resources }) =>
      actions.includes(action) &&
      (asked === undefined || resources.some((pattern) => asked.some((resource) => matches(pattern, resource)))),
  );
}

/** The text of a deployment file by its path. */
export type Files = Readonly<Record<string, string>>;

/**
 * Requests of a run that no role would have allowed to the session that made them: a session has one role, that of one
 * deployment and one of these workflows. STS is asked without any.
 */
export function notGranted(workflows: readonly Workflow[], files: Files, requests: readonly RoleCall[]): string[] {
  const deployments = Object.entries(files).map(([path, text]) => parseDeployment(text, path));
  const roles = workflows.flatMap((workflow) => deployments.map((deployment): Role => ({ workflow, deployment })));
  const signed = requests.filter(({ service }) => service !== 'sts');
  return [...Map.groupBy(signed, ({ accessKey }) => accessKey).values()].flatMap((session) => {
    const refused = roles.map((role) => session.filter((request) => !isGranted(role, request)));
    const [fewest = []] = refused.toSorted((a, b) => a.length - b.length);
    return fewest.map((request) => `${actionOf(request)} ${request.method} ${request.path}`);
  });
}

/** The requests that reach both Regions from now on, but those of Airflow's tasks and of MWAA itself. */
export function listen(aws: { gateway(region: Region): Gateway }): () => RoleCall[] {
  const own: readonly string[] = [...Object.values(ACCESS_KEYS.execution), ...Object.values(ACCESS_KEYS.service)];
  const from = REGIONS.map((region) => aws.gateway(region).requests.length);
  return () =>
    REGIONS.flatMap((region, index) =>
      aws
        .gateway(region)
        .requests.slice(from[index])
        .filter(({ accessKey }) => !own.includes(accessKey))
        .map((request) => ({ ...request, region })),
    );
}
