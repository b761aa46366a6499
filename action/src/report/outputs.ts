import type { OperationResult } from '../domain/results.ts';

/** The outputs of the action; action.yml describes each. One that an operation does not have is not set. */
export function outputsOf(result: OperationResult): Readonly<Record<string, string>> {
  const all: Record<string, string | number | null | undefined> = { ...own(result), json: JSON.stringify(result) };
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
        'active-site': result.active,
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
        'active-site': result.active,
        epoch: result.epoch,
        snapshot: result.snapshots.find(({ deadBranch }) => !deadBranch)?.id,
        'rpo-seconds': result.rpo.measuredSeconds,
        move: result.move?.id,
      };
    case 'install':
      return {};
  }
}

/** `UNHEALTHY(region)` is the verdict UNHEALTHY of class region. */
function verdictOutputs(key: string): { verdict: string; 'verdict-class': string | undefined } {
  const [, verdict = key, verdictClass] = /^(\w+)(?:\((\w+)\))?$/.exec(key) ?? [];
  return { verdict, 'verdict-class': verdictClass };
}
