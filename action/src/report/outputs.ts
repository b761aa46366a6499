import type { DriftResult } from '../domain/drift-result.ts';
import type { OperationResult } from '../domain/results.ts';
import { outcomeOf } from './plan-set.ts';

/** GitHub takes 1 MiB for all outputs of a job. */
const MAX_JSON = 500_000;

/** The outputs of the action; action.yml describes each. One that an operation does not have is not set. */
export function outputsOf(result: OperationResult): Readonly<Record<string, string>> {
  const json = JSON.stringify(result);
  const all: Record<string, string | number | null | undefined> = {
    ...own(result),
    json: json.length <= MAX_JSON ? json : undefined,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [[name, String(value)]],
    ),
  );
}

function own(result: OperationResult): Record<string, string | number | null | undefined> {
  switch (result.operation) {
    case 'check':
      return {
        ...verdictOutputs(result.verdict.key),
        findings: result.findings.length === 0 ? undefined : result.findings.map(({ name }) => name).join(' '),
        'active-site': result.verdict.key === 'UNHEALTHY(stopped)' ? undefined : result.active,
        epoch: result.epoch,
        snapshot: result.snapshot?.id,
        'rpo-seconds': result.snapshot?.ageSeconds,
      };
    case 'failover':
      return {
        ...verdictOutputs(result.verdict.key),
        'active-site': result.to,
        epoch: result.epoch,
        snapshot: result.loss.snapshot.id,
        'rpo-seconds': result.rpo.measuredSeconds,
        'rto-seconds': result.rto.measuredSeconds,
        move: result.move,
      };
    case 'snapshot':
      return { snapshot: result.verified.snapshot.id, 'rpo-seconds': result.rpo.measuredSeconds };
    case 'verify':
      return { snapshot: result.snapshot.id };
    case 'status':
      return {
        'active-site': result.nobodyActive ? undefined : result.active,
        epoch: result.epoch,
        snapshot: result.snapshots.find(({ deadBranch }) => !deadBranch)?.id,
        'rpo-seconds': result.rpo.measuredSeconds,
        move: result.move?.id,
      };
    case 'install':
    case 'uninstall':
    case 'validate':
    case 'doctor':
    case 'check-dags':
    case 'import':
    case 'fleet-status':
      return {};
    case 'matrix': {
      const { names, groups, legs, heal, airflow } = result.matrix;
      const lists = { names, groups, legs, heal, airflow };
      return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, JSON.stringify(list)]));
    }
    case 'plan':
      return { outcome: outcomeOf(result), digest: result.plans.length === 1 ? result.plans[0]?.digest : undefined };
    case 'comment':
      return { outcome: outcomeOf(result), url: result.url };
    case 'drift':
      return { outcome: driftOutcome(result) };
    case 'agree':
      return { outcome: result.outcome, url: 'url' in result ? result.url : undefined };
    case 'reconcile':
      return { outcome: result.outcome, digest: result.digest };
  }
}

/** `UNHEALTHY(region)` is the verdict UNHEALTHY of class region. */
function verdictOutputs(key: string): { verdict: string; 'verdict-class': string | undefined } {
  const [, verdict = key, verdictClass] = /^(\w+)(?:\((\w+)\))?$/.exec(key) ?? [];
  return { verdict, 'verdict-class': verdictClass };
}

const driftOutcome = ({ deployments, failures }: DriftResult): string =>
  failures.length > 0 ? 'failed' : deployments.some(({ outcome }) => outcome === 'drift') ? 'drift' : 'clean';
