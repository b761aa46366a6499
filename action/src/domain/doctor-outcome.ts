import type { Probe } from './reading.ts';

/** Every check of `doctor`, by its name in results, with what it asks. */
export const CHECKS = {
  environment: 'The environment is there, or can be made',
  'environment-status': 'The environment is in working order',
  'environment-source': 'The environment reads the bucket and path of the deployment file',
  'airflow-version': 'The environment runs the Airflow version of the deployment file',
  'version-support': 'MWAA supports that version',
  'environment-class': 'The standby is as large as the active site',
  'configuration-options': 'No configuration option stands in the way',
  'scheduler-metric': 'The scheduler reports its heartbeat to CloudWatch',
  'rest-access': 'Airflow can be reached from here',
  'import-errors': 'Airflow can import every DAG file',
  'object-versions': 'The object versions that the environment names are in its bucket',
  quota: 'The Region has room for the environment',
  'bucket-exists': 'The bucket is there, in its Region',
  'bucket-versioning': 'The bucket keeps versions',
  'bucket-public-access': 'The bucket is closed to the public',
  'bucket-encryption': 'The bucket is encrypted with the right key',
  replication: 'The bucket is replicated to the peer',
  key: 'The key is there, enabled and of its Region',
  'key-policy': 'The policy of the key lets the roles use it',
  subnets: 'Two subnets of one VPC, in two zones',
  'security-groups': 'The security groups are in that VPC',
  'execution-rights': 'The execution role may do what the DR DAGs do',
  'workflow-rights': 'The roles of the workflows may do what these do',
  'control-record': 'The control record is there',
  'open-debts': 'No move owes anything',
  'dr-dags': 'The DR DAGs are those of this release',
  'deployment-json': 'The DR DAGs know what the deployment file says',
  heartbeat: 'The canary beats',
  hold: 'The standby is held',
  'database-owner': 'What the canary made in the database belongs to the owner of its tables',
  snapshot: 'A young snapshot has wholly arrived at the standby',
} as const;

export type CheckName = keyof typeof CHECKS;

/** `error`: a failover would fail. `unknown`: could not be read, which is no defect. */
export type Level = 'error' | 'warning' | 'unknown';

/** What one check found at one place. */
export interface Outcome {
  readonly check: CheckName;
  /** A Region, and what in it. */
  readonly where: string;
  readonly level: Level | 'sound';
  /** What is not as it should be; '' when sound. */
  readonly what: string;
  /** What to do about it; '' when sound. */
  readonly cure: string;
}

export type Finding = Outcome & { readonly level: Level };

export interface Remark {
  readonly level: Level;
  readonly what: string;
  readonly cure: string;
}

export const failing = (what: string, cure: string): Remark => ({ level: 'error', what, cure });
export const doubtful = (what: string, cure: string): Remark => ({ level: 'warning', what, cure });
export const unclear = (what: string, cure: string): Remark => ({ level: 'unknown', what, cure });

export const outcome = (check: CheckName, where: string, remark: Remark | undefined): Outcome => ({
  check,
  where,
  ...(remark ?? { level: 'sound', what: '', cure: '' }),
});

/** Judges an answer; one that could not be had is unknown. `needs` is the IAM action that reading it takes. */
export function look<T>(
  check: CheckName,
  where: string,
  needs: string,
  probe: Probe<T>,
  judge: (answer: T) => Remark | undefined,
): Outcome {
  return outcome(check, where, 'answer' in probe ? judge(probe.answer) : unreadable(probe, needs));
}

type Unanswered = Exclude<Probe<unknown>, { readonly answer: unknown }>;

const CURES: Readonly<Record<Unanswered['fault'], (needs: string) => string>> = {
  denied: (needs) => `Allow ${needs} to whoever runs doctor, and run it again.`,
  throttled: () => 'Run doctor again in a minute.',
  dark: () => 'Run `check` to see whether the Region is lost.',
  error: () => 'Look at the words of the service, and run doctor again.',
};

const unreadable = ({ fault, detail }: Unanswered, needs: string): Remark =>
  unclear(`could not be read (${fault}): ${detail}`, CURES[fault](needs));

/** What follows from an answer that there may be none of: nothing is asked about what is not there. */
export const answerOf = <T>(probe: Probe<T>): T | undefined => ('answer' in probe ? probe.answer : undefined);
