import { supportOf } from './airflow-versions.ts';
import type { Deployment } from './deployment.ts';
import { wantsEnvironment } from './doctor-facts.ts';
import type { DoctorFacts, SiteFacts } from './doctor-facts.ts';
import { answerOf, doubtful, failing, look, outcome, unclear } from './doctor-outcome.ts';
import type { Outcome, Remark } from './doctor-outcome.ts';
import type { EnvironmentDescription } from './ports.ts';

const GET = 'airflow:GetEnvironment';

/** Whether there is an environment, what it runs, and whether one could be made. */
export function environmentChecks({ deployment, now }: DoctorFacts, site: SiteFacts): readonly Outcome[] {
  const where = `${site.site.region}, ${site.site.environment}`;
  const isThere = look('environment', where, GET, site.environment, (found) => missing(deployment, site, found));
  const environment = answerOf(site.environment);
  return [
    isThere,
    ...(environment === undefined ? [] : ofEnvironment(deployment, site, environment, where)),
    ...(site.room === undefined ? [] : [quota(site, site.room)]),
    outcome('version-support', site.site.region, support(deployment, now)),
  ];
}

function missing(
  deployment: Deployment,
  site: SiteFacts,
  found: EnvironmentDescription | undefined,
): Remark | undefined {
  if (found !== undefined || !wantsEnvironment(deployment, site)) return undefined;
  const cure =
    deployment.manage === 'observe'
      ? 'Create it, or correct its name in the deployment file.'
      : 'Merge the deployment file: `reconcile` creates it. Or correct its name there.';
  return failing('there is no such environment', cure);
}

function ofEnvironment(
  deployment: Deployment,
  { settings, site }: SiteFacts,
  environment: EnvironmentDescription,
  where: string,
): readonly Outcome[] {
  return [
    outcome('environment-status', where, status(environment)),
    outcome('airflow-version', where, version(deployment, environment)),
    outcome('environment-source', where, source(settings.sourceBucket, settings.dagsPath, site)),
  ];
}

/** States that end by themselves (Amazon MWAA API Reference, Environment: Status). */
const PASSING = ['CREATING', 'UPDATING', 'ROLLING_BACK', 'CREATING_SNAPSHOT', 'MAINTENANCE'];

function status({ status: now, lastUpdate }: EnvironmentDescription): Remark | undefined {
  if (PASSING.includes(now)) {
    return doubtful(`it is ${now}`, 'Wait until it is AVAILABLE: no failover can be made to it before.');
  }
  if (now === 'UPDATE_FAILED' || (now === 'AVAILABLE' && lastUpdate?.status === 'FAILED')) {
    return doubtful(
      `it is ${now}, and its last update failed: it works with its old settings`,
      "Look at LastUpdate.Error of `aws mwaa get-environment` and at the environment's logs, and repeat the update.",
    );
  }
  if (now === 'PENDING') {
    return failing('it is PENDING: it waits for VPC endpoints', 'Create the endpoints that GetEnvironment names.');
  }
  if (now === 'AVAILABLE') return undefined;
  return failing(`it is ${now}`, 'Look at its logs; an environment that cannot be repaired has to be created anew.');
}

function version({ airflowVersion: wanted }: Deployment, { airflowVersion: is }: EnvironmentDescription) {
  if (is === wanted) return undefined;
  const what = `it runs Airflow ${is ?? '?'}, the deployment file says ${wanted}: no snapshot of the one can be restored in the other`;
  return failing(what, 'Bring both environments to the version of the deployment file, the standby first.');
}

function source(bucket: string | undefined, path: string | undefined, site: SiteFacts['site']): Remark | undefined {
  const [is, wanted] = [`s3://${bucket ?? '?'}/${path ?? '?'}`, `s3://${site.dagsBucket}/${site.dagsPath}`];
  if (is === wanted) return undefined;
  const what = `it reads its DAGs from ${is}, the deployment file says ${wanted}: it will never see the DR DAGs`;
  return failing(what, 'Correct `dagsBucket` and `dagsPath` in the deployment file, or the environment.');
}

/** "Environments per account per Region" before any increase: Amazon MWAA User Guide, Service quotas. */
const DEFAULT_QUOTA = 10;

function quota({ site }: SiteFacts, room: NonNullable<SiteFacts['room']>): Outcome {
  return look('quota', site.region, 'airflow:ListEnvironments and servicequotas:ListServiceQuotas', room, (answer) => {
    const { used, quota: most = DEFAULT_QUOTA } = answer;
    if (used < most) return undefined;
    const what = `${used} environments are there, and the quota is ${most}: ${site.environment} cannot be created`;
    if (answer.quota === undefined) {
      return unclear(`${what}, unless it was raised`, 'Look at the quota of MWAA environments in Service Quotas.');
    }
    return failing(what, 'Ask for a higher quota of environments in Service Quotas now: it takes days.');
  });
}

function support({ airflowVersion, strategy }: Deployment, now: number): Remark | undefined {
  const state = supportOf(airflowVersion, now);
  if (!('on' in state)) return undefined;
  const cure = 'Plan the upgrade of both sites, the standby first.';
  if (state.kind === 'ending')
    return doubtful(`MWAA ends its support of Airflow ${airflowVersion} on ${state.on}`, cure);
  const what = `MWAA ended its support of Airflow ${airflowVersion} on ${state.on}: an environment that is lost cannot be created again`;
  return strategy === 'backup-restore' ? failing(what, cure) : doubtful(what, cure);
}

/** Smallest first. */
const CLASSES = ['mw1.micro', 'mw1.small', 'mw1.medium', 'mw1.large', 'mw1.xlarge', 'mw1.2xlarge'];

/** Whether the standby could carry the work of the active site. */
export function classCheck({ sites, roles }: DoctorFacts): readonly Outcome[] {
  const [active, standby] = [sites[roles.active], sites[roles.standby]];
  const [has, gets] = [answerOf(active.environment), answerOf(standby.environment)].map(
    (environment) => environment?.environmentClass,
  );
  if (has === undefined || gets === undefined) return [];
  const isSmaller = CLASSES.indexOf(gets) < CLASSES.indexOf(has) && CLASSES.includes(gets);
  const remark = isSmaller
    ? doubtful(`it is ${gets}, the active site is ${has}: it may not bear the work`, `Update it to ${has}.`)
    : undefined;
  return [outcome('environment-class', `${standby.site.region}, ${standby.site.environment}`, remark)];
}
