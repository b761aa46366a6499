/**
 * Airflow versions that MWAA can create, oldest first; others that it once had may go on running, but can be neither
 * created nor reached by an update.
 * https://docs.aws.amazon.com/mwaa/latest/userguide/airflow-versions.html
 */
const SUPPORTED = [
  '2.7.2',
  '2.8.1',
  '2.9.2',
  '2.10.1',
  '2.10.3',
  '2.11.0',
  '2.11.2',
  '3.0.6',
  '3.2.1',
  '3.3.1',
] as const;

export const LATEST = '3.3.1';

export const isSupported = (version: string): boolean => (SUPPORTED as readonly string[]).includes(version);

/**
 * Why an environment can't go from one version to the other in place; undefined when it can: upwards, between the
 * generations by way of 2.11 only, and downwards from 3 to 2.11 only.
 * https://docs.aws.amazon.com/mwaa/latest/userguide/upgrading-environment.html
 */
export function reasonAgainst(from: string, to: string): string | undefined {
  if (from === to) return undefined;
  if (!isSupported(to)) return `Airflow version ${to} is not supported.`;
  const isUpgrade = compare(from, to) < 0;
  const isAcross = from.split('.')[0] !== to.split('.')[0];
  const older = isUpgrade ? from : to;
  if (isAcross ? older.startsWith('2.11.') : isUpgrade) return undefined;
  return `An environment can't be ${isUpgrade ? 'upgraded' : 'downgraded'} from Airflow version ${from} to ${to}.`;
}

function compare(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  const index = (a ?? []).findIndex((part, position) => part !== b?.[position]);
  return index < 0 ? 0 : (a?.[index] ?? 0) - (b?.[index] ?? 0);
}
