import { MdrError } from '../domain/errors.ts';
import type { OperationResult } from '../domain/results.ts';
import { isAllPaused } from './failover.ts';

/**
 * From which verdict on a `check` fails the run. UNKNOWN is bad news about the observer: it counts as `degraded`, and
 * as `unhealthy` once another reading did not make it known.
 */
const FAIL_ON = ['unhealthy', 'degraded', 'never'] as const;

/** @throws MdrError MDR-INPUT-INVALID */
export function requireFailOn(operation: string, text: string): string {
  if (text === '') return 'unhealthy';
  const known = FAIL_ON.some((value) => value === text);
  if (known && operation === 'check') return text;
  throw new MdrError({
    code: 'MDR-INPUT-INVALID',
    message: known
      ? `${operation} takes no input \`fail-on\``
      : `the input \`fail-on\`: "${text}" is none of ${FAIL_ON.join(', ')}`,
    fix: 'Only `check` has a verdict to fail on.',
    state: 'Nothing was touched.',
  });
}

/** The exit code of a run that ended well, and a line about a verdict that is not HEALTHY. */
export function exitOf(result: OperationResult, failOn: string): { readonly code: number; readonly line: string } {
  if (result.operation === 'failover' && isAllPaused(result))
    return { code: 1, line: `${result.deployment} is active in ${result.to}, with every DAG paused` };
  if (result.operation !== 'check') return { code: 0, line: '' };
  const { findings, verdict } = result;
  if (verdict.key === 'HEALTHY') return { code: findings.length > 0 && failOn !== 'never' ? 1 : 0, line: '' };
  const unhealthy = verdict.key.startsWith('UNHEALTHY') || result.isStillUnknown || findings.length > 0;
  const code = failOn === 'degraded' || (failOn === 'unhealthy' && unhealthy) ? 1 : 0;
  return { code, line: `${result.deployment} in ${result.active} is ${verdict.key}: ${verdict.reason}` };
}
