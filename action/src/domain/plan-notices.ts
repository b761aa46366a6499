import { supportOf, versionStep } from './airflow-versions.ts';
import { isFound } from './observed.ts';
import { expiredIgnores } from './plan-ignored.ts';
import type { Plan, Shown } from './plan-model.ts';
import type { PlanInput } from './plan-input.ts';
import type { SiteWork, WorkStep } from './plan-steps.ts';
import type { Roles } from './roles.ts';

/** What the reader has to know before the merge, the gravest first. */
export function noticesOf(
  input: PlanInput,
  roles: Roles,
  sites: readonly SiteWork[],
  rows: Plan['fields'],
): readonly string[] {
  return [
    ...upgrade(input, roles, rows),
    ...outages(input, sites),
    ...endpoints(input, sites),
    ...moving(input),
    ...states(input, sites),
    ...unmanaged(input, rows),
    ...expired(input),
    ...support(input),
  ];
}

/** A snapshot is restored only by the version that it was taken with. */
function upgrade({ deployment }: PlanInput, { active, standby }: Roles, rows: Plan['fields']): readonly string[] {
  const row = rows.find(({ field }) => field === 'AirflowVersion');
  if (row === undefined || row.changes.length === 0 || row.active === null || row.standby === null) return [];
  const [here, there] = [
    `the active site in ${deployment.sites[active].region}`,
    `the standby in ${deployment.sites[standby].region}`,
  ];
  const to = `Airflow ${deployment.airflowVersion}`;
  if (row.changes.length === 2)
    return [
      `Both sites change to ${to}. From the update of ${there} until that of ${here} is done, no snapshot can be restored: usually 1 to 4 hours without protection.`,
    ];
  const isThere = (site: Shown) => site !== null && 'text' in site && site.text === deployment.airflowVersion;
  if (row.changes.includes('active')) return [`Until ${here} runs ${to}, too, no snapshot can be restored.`];
  if (isThere(row.active)) return [`Until ${there} runs ${to}, too, no snapshot can be restored.`];
  return [`${capital(there)} changes to ${to}. From then on no snapshot can be restored until ${here} runs it, too.`];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function outages({ deployment, observed }: PlanInput, sites: readonly SiteWork[]): readonly string[] {
  return sites.flatMap(({ index, role, steps }) => {
    const update = steps.find((step): step is WorkStep & { kind: 'update' } => step.kind === 'update');
    if (update === undefined || role !== 'active') return [];
    const { region } = deployment.sites[index];
    const site = observed[index];
    const from = isFound(site) ? site.settings['AirflowVersion'] : undefined;
    const to = update.members['AirflowVersion'];
    if (typeof from === 'string' && typeof to === 'string' && versionStep(from, to).kind === 'in place')
      return [`Airflow in ${region}, the active site, is away for up to 2 hours, and its running tasks are ended.`];
    if (update.members['WorkerReplacementStrategy'] === 'GRACEFUL')
      return [
        `The update of ${region}, the active site, waits up to 12 hours for running tasks. The service takes GRACEFUL only after one forced update of the environment.`,
      ];
    return [
      `The update of ${region}, the active site, replaces its workers: tasks that run then fail and are retried as their DAGs say.`,
    ];
  });
}

/** A new environment whose endpoints are the customer's stays PENDING until they are there. */
const endpoints = ({ deployment }: PlanInput, sites: readonly SiteWork[]): readonly string[] =>
  sites
    .filter(({ steps }) =>
      steps.some((step) => step.kind === 'create' && step.members['EndpointManagement'] === 'CUSTOMER'),
    )
    .map(
      ({ index }) =>
        `The new environment in ${deployment.sites[index].region} will be PENDING until you have made its VPC endpoints; after 72 hours without them its creation fails.`,
    );

const moving = ({ record }: PlanInput): readonly string[] =>
  record?.move === undefined || record.move === null
    ? []
    : [`The move ${record.move.id} is under way: reconcile begins when it is done.`];

/** States in which reconcile waits before it changes anything. */
const WAITS = ['CREATING', 'UPDATING', 'CREATING_SNAPSHOT', 'ROLLING_BACK', 'MAINTENANCE', 'PENDING'];

function states({ deployment, observed }: PlanInput, sites: readonly SiteWork[]): readonly string[] {
  return sites.flatMap(({ index, steps }) => {
    const site = observed[index];
    if (!isFound(site)) return [];
    const name = `${deployment.sites[index].environment} in ${deployment.sites[index].region}`;
    const waits = steps.length === 0 ? 'what is seen of it may change' : 'reconcile waits for its end';
    return [
      ...(WAITS.includes(site.status) ? [`${name} is ${site.status}: ${waits}.`] : []),
      ...(site.lastUpdate?.status === 'FAILED'
        ? [
            `The last update of ${name} failed${withCode(site.lastUpdate.error)}, and MWAA kept the settings from before it. The console and GetEnvironment say why.`,
          ]
        : []),
    ];
  });
}

const withCode = (code = ''): string => (code === '' ? '' : ` with ${code}`);

function unmanaged({ deployment }: PlanInput, rows: Plan['fields']): readonly string[] {
  const left = rows.filter(
    ({ verdict, changes }) => changes.length === 0 && (verdict === 'drift' || verdict === 'parity drift'),
  );
  if (left.length === 0) return [];
  const fields = left.length === 1 ? '1 field differs' : `${left.length} fields differ`;
  return [`${fields} at a site that \`manage: ${deployment.manage}\` leaves to others.`];
}

const expired = ({ deployment, at }: PlanInput): readonly string[] =>
  expiredIgnores(deployment, at).map(
    ({ field, until, reason }) =>
      `The exception for \`${field}\` (${reason}) ended at ${until ?? ''}: the field is compared again.`,
  );

function support({ deployment, at }: PlanInput): readonly string[] {
  const found = supportOf(deployment.airflowVersion, at);
  if (!('on' in found)) return [];
  const words = found.kind === 'ended' ? 'ended' : 'ends';
  return [
    `MWAA's support of Airflow ${deployment.airflowVersion} ${words} on ${found.on}: after it no environment can be created with it, so a lost one cannot come back.`,
  ];
}
