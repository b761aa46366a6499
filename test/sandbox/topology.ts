import type { AirflowVersion, Periods, Region } from './types.ts';

/** The names that the sandbox, the action and the DAGs agree on. */
export const REGIONS = ['us-east-1', 'us-west-2'] as const;
export const ACCOUNT = '111122223333';
/** As sessions of the action know them: {@link ACCOUNT} in each Region. */
export const ACCOUNTS = new Map(REGIONS.map((region) => [region as string, ACCOUNT]));
export const KMS_ALIAS = 'alias/mwaadr';
export const DAGS_PATH = 'dags';

export const drBucket = (region: Region): string => `mwaadr-${ACCOUNT}-${region}`;
export const dagsBucket = (deployment: string, region: Region): string => `${deployment}-dags-${region}`;
export const environmentName = (deployment: string, region: Region): string => `${deployment}-${region}`;
export const otherRegion = (region: Region): Region => (region === 'us-east-1' ? 'us-west-2' : 'us-east-1');

/** One access key for each observer, so that the gateway can tell them apart; nobody checks the secret. */
export const ACCESS_KEYS = {
  runner: 'AKIARUNNER0000000001',
  execution: { 'us-east-1': 'AKIAEXECUSEAST100001', 'us-west-2': 'AKIAEXECUSWEST200001' },
  /** MWAA itself, reading DAGs and publishing metrics. */
  service: { 'us-east-1': 'AKIASERVICEUSEAST101', 'us-west-2': 'AKIASERVICEUSWEST201' },
} as const;
export const SECRET_KEY = 'sandbox-secret-key-checked-by-nobody-00';

export const DEFAULT_PERIODS: Periods = {
  rpo: 120,
  rto: 300,
  snapshot: 60,
  canary: 8,
  health: 10,
  badPeriods: 2,
  lease: 6,
};

/** The deployment file that a user would keep in `environments/`, for this sandbox. */
export function deploymentOf(deployment: string, airflowVersion: AirflowVersion, periods: Periods): object {
  return {
    deployment,
    strategy: 'warm-standby',
    airflowVersion,
    sites: REGIONS.map((region) => ({
      region,
      account: ACCOUNT,
      environment: environmentName(deployment, region),
      dagsBucket: dagsBucket(deployment, region),
      dagsPath: DAGS_PATH,
    })),
    objectives: { rpoSeconds: periods.rpo, rtoSeconds: periods.rto },
    snapshot: { everySeconds: periods.snapshot },
    canary: { everySeconds: periods.canary },
    health: { periodSeconds: periods.health, badPeriods: periods.badPeriods },
    lease: { seconds: periods.lease },
  };
}
