/**
 * Airflow on Amazon MWAA: which versions there are, until when, and how an environment gets from one to another.
 * Amazon MWAA User Guide: "Apache Airflow versions on Amazon MWAA" and "Upgrading an environment"; read 2026-11.
 */

/** Airflow versions that this release moves; each has its entry in the data path's table of facts. */
export const AIRFLOW_VERSIONS = ['2.10.3', '3.3.1'] as const;
export type AirflowVersion = (typeof AIRFLOW_VERSIONS)[number];

export interface VersionFacts {
  /** Day from which MWAA offers it; `null` where the guide no longer says. */
  readonly since: string | null;
  /** Last day on which an environment of it can be created or updated to it; `null` = none is announced. */
  readonly endOfSupport: string | null;
  readonly python: string | null;
}

const offered = (since: string, python: string): VersionFacts => ({ since, endOfSupport: null, python });
const ended = (endOfSupport: string): VersionFacts => ({ since: null, endOfSupport, python: null });

/** Every version that MWAA ever had, oldest first. 3.1 was never offered. */
export const VERSIONS: Readonly<Record<string, VersionFacts>> = {
  '1.10.12': ended('2024-02-21'),
  '2.0.2': ended('2024-04-29'),
  '2.2.2': ended('2024-06-27'),
  '2.4.3': ended('2025-12-30'),
  '2.5.1': ended('2025-12-30'),
  '2.6.3': ended('2025-12-30'),
  '2.7.2': offered('2023-11-06', '3.11'),
  '2.8.1': offered('2024-02-23', '3.11'),
  '2.9.2': offered('2024-07-09', '3.11'),
  '2.10.1': offered('2024-09-26', '3.11'),
  '2.10.3': offered('2024-12-18', '3.11'),
  '2.11.0': offered('2026-01-07', '3.12'),
  '2.11.2': offered('2026-07-23', '3.12'),
  '3.0.6': offered('2025-10-01', '3.12'),
  '3.2.1': offered('2026-05-19', '3.12'),
  '3.3.1': offered('2026-09-01', '3.12'),
};

export const isRestorable = (version: string): version is AirflowVersion =>
  (AIRFLOW_VERSIONS as readonly string[]).includes(version);

/** Why a deployment file may not name this version; `undefined` when it may. */
export function reasonAgainstVersion(version: string): string | undefined {
  if (isRestorable(version)) return undefined;
  const facts = VERSIONS[version];
  if (facts === undefined) return `Airflow ${version} is not a version of MWAA`;
  const end = facts.endOfSupport;
  return end === null
    ? `MWAA has Airflow ${version}, but this release cannot restore it: it restores ${AIRFLOW_VERSIONS.join(' and ')}`
    : `MWAA ended its support of Airflow ${version} on ${end}: a lost environment could not be created again`;
}

export type Support =
  | { readonly kind: 'unknown' | 'supported' }
  /** `on`: the last day, as in 2025-12-30. */
  | { readonly kind: 'ending' | 'ended'; readonly on: string };

/** How MWAA supports a version at a time (milliseconds): after the end nothing can be created on it or updated to it. */
export function supportOf(version: string, now: number): Support {
  const facts = VERSIONS[version];
  if (facts === undefined) return { kind: 'unknown' };
  if (facts.endOfSupport === null) return { kind: 'supported' };
  const kind = now >= endOfDay(facts.endOfSupport) ? 'ended' : 'ending';
  return { kind, on: facts.endOfSupport };
}

const endOfDay = (day: string): number => Date.parse(`${day}T00:00:00Z`) + 86_400_000;

/** Whether an update takes an environment from one version to the other; `reason` is a sentence for people. */
export interface VersionStep {
  readonly kind: 'same' | 'in place' | 'not in place';
  readonly reason: string;
}

/**
 * Upwards within a generation, from 2.11 to 3, and from 3 back to 2.11; nothing else. The service takes a snapshot of
 * the metadata database first; the environment is away for up to two hours and running tasks are ended.
 */
export function versionStep(from: string, to: string): VersionStep {
  if (from === to) return { kind: 'same', reason: '' };
  const facts = VERSIONS[to];
  if (facts === undefined || facts.endOfSupport !== null) {
    const why = facts === undefined ? 'has no such version' : `ended its support on ${facts.endOfSupport}`;
    return { kind: 'not in place', reason: `nothing can be updated to Airflow ${to}: MWAA ${why}` };
  }
  const isUpgrade = compareVersions(from, to) < 0;
  const word = isUpgrade ? 'upgraded' : 'downgraded';
  const across = generation(from) !== generation(to);
  if (across ? (isUpgrade ? from : to).startsWith('2.11.') : isUpgrade) {
    return { kind: 'in place', reason: `an environment can be ${word} from Airflow ${from} to ${to} by an update` };
  }
  const way = across
    ? `only ${isUpgrade ? 'from' : 'to'} 2.11`
    : 'MWAA goes back from Airflow 3 to 2.11 and no other way';
  return { kind: 'not in place', reason: `an environment cannot be ${word} from Airflow ${from} to ${to}: ${way}` };
}

const generation = (version: string): string => version.split('.')[0] ?? '';

/** Negative when the first is older. */
function compareVersions(one: string, other: string): number {
  const parts = (version: string) => version.split('.').map(Number);
  const [a, b] = [parts(one), parts(other)];
  const index = a.findIndex((part, position) => part !== b[position]);
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
