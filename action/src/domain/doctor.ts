import { airflowChecks } from './doctor-airflow.ts';
import { classCheck, environmentChecks } from './doctor-environment.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import { installedChecks, protectionChecks } from './doctor-installed.ts';
import { keyChecks } from './doctor-keys.ts';
import { networkChecks } from './doctor-network.ts';
import type { Finding, Level, Outcome } from './doctor-outcome.ts';
import { executionRights, workflowRights } from './doctor-rights.ts';
import type { FleetFailure } from './results.ts';
import { encryptedReplication, storageChecks } from './doctor-storage.ts';

/** What `doctor` found at one deployment. */
export interface Diagnosis {
  readonly deployment: string;
  readonly file: string;
  readonly at: string;
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** Checks that came to an end, sound or not. */
  readonly checked: number;
  /** Checks for which something could not be read. */
  readonly unknown: number;
}

export interface DoctorResult {
  readonly operation: 'doctor';
  /** In the order of the files. */
  readonly deployments: readonly Diagnosis[];
  readonly failures: readonly FleetFailure[];
}

/** The outcome of every check that these facts allow. */
export const diagnose = (facts: DoctorFacts): readonly Outcome[] => [
  ...facts.sites.flatMap((site) => [
    ...environmentChecks(facts, site),
    ...airflowChecks(facts, site),
    ...storageChecks(facts, site),
    ...keyChecks(facts, site),
    ...networkChecks(site),
    ...executionRights(site),
    ...installedChecks(facts, site),
  ]),
  ...classCheck(facts),
  ...encryptedReplication(facts),
  ...protectionChecks(facts),
  ...workflowRights(facts),
];

const ORDER: readonly Level[] = ['error', 'warning', 'unknown'];

const isFinding = (outcome: Outcome): outcome is Finding => outcome.level !== 'sound';

/** What is not sound, worst first. */
export const findingsOf = (outcomes: readonly Outcome[]): readonly Finding[] =>
  outcomes.filter(isFinding).toSorted((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
