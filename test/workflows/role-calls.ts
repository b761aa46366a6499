import { parseDeployment } from '../../action/src/domain/deployment-file.ts';
import { statementsOf, WORKFLOW_GRANTS } from '../../action/src/domain/grants.ts';
import type { Workflow } from '../../action/src/domain/names.ts';
import type { GatewayRequest, Sandbox } from '../sandbox/types.ts';

type Deployment = ReturnType<typeof parseDeployment>;

/** IAM's name of an operation where it is another one than the API's. */
const ACTIONS: Readonly<Record<string, string>> = {
  HeadObject: 's3:GetObject',
  ListObjectsV2: 's3:ListBucket',
  ListObjects: 's3:ListBucket',
};
const PREFIXES = { s3: 's3', monitoring: 'cloudwatch', kms: 'kms', airflow: 'airflow', sts: 'sts' } as const;

const actionOf = ({ service, operation }: GatewayRequest): string =>
  ACTIONS[operation] ?? `${service === 'unknown' ? 'unknown' : PREFIXES[service]}:${operation}`;

/** What IAM would be asked about: the object or bucket; other services are judged by the action alone. */
function resourceOf({ service, path }: GatewayRequest): string | undefined {
  if (service !== 's3') return undefined;
  const name = decodeURIComponent(path.split('?')[0] ?? '').replace(/^\//, '');
  return `arn:aws:s3:::${name.replace(/\/$/, '')}`;
}

const matches = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text);

function isGranted(workflow: Workflow, deployment: Deployment, request: GatewayRequest): boolean {
  const [action, resource] = [actionOf(request), resourceOf(request)];
  return WORKFLOW_GRANTS[workflow].some(
    ({ actions, where }) =>
      actions.includes(action) &&
      (resource === undefined || where(deployment).resources.some((pattern) => matches(pattern, resource))),
  );
}

/** Requests of a run that its workflow's role would not have allowed; STS is asked without one. */
export function notGranted(
  workflow: Workflow,
  file: string,
  text: string,
  requests: readonly GatewayRequest[],
): string[] {
  const deployment = parseDeployment(text, file);
  return requests
    .filter((request) => request.service !== 'sts' && !isGranted(workflow, deployment, request))
    .map((request) => `${actionOf(request)} ${resourceOf(request) ?? request.path}`);
}

/** The requests that reach both Regions from now on, but those of Airflow's tasks and of MWAA itself. */
export function listen(sandbox: Sandbox): () => GatewayRequest[] {
  const own = new Set(Object.values(sandbox.accessKeys.execution));
  const from = sandbox.regions.map((region) => sandbox.gateway(region).requests.length);
  return () =>
    sandbox.regions
      .flatMap((region, index) => sandbox.gateway(region).requests.slice(from[index]))
      .filter(({ accessKey }) => !own.has(accessKey) && !accessKey.startsWith('AKIASERVICE'));
}
