import { isCheck, runToItsEnd } from './operations.ts';
import type { Ended } from './operations.ts';
import { REGIONS } from './scene.ts';
import type { Scene } from './scene.ts';
import type { Solo } from '../../action/src/operations/index.ts';
import { isAllPaused } from '../../action/src/report/failover.ts';

export interface Command {
  readonly operation: Solo;
  readonly inputs: Readonly<Record<string, string>>;
}

/** Codes that are no reason where every service that is there answers and nobody else is at work. */
const NO_REASON = [
  'MDR-TIMEOUT',
  'MDR-STOPPED',
  'MDR-INTERNAL',
  'MDR-LEASE-HELD',
  'MDR-LEASE-LOST',
  'MDR-CONTROL-CONFLICT',
  'MDR-MOVE-SUPERSEDED',
  'MDR-DR-RUN-LOST',
  'MDR-INPUT-INVALID',
  'MDR-INPUT-MISSING',
  'MDR-INPUT-CONFIRM',
  'MDR-AWS-DARK',
  'MDR-AWS-DENIED',
  'MDR-AWS-THROTTLED',
  'MDR-AWS-ERROR',
];

/** A move that ended well but for this, which it says in red. */
const ALL_PAUSED = 'every DAG is paused';

export const isReason = (code: string): boolean =>
  code === ALL_PAUSED || (code.startsWith('MDR-') && !NO_REASON.includes(code));

/** The one command that a check prints: that of its first finding that has one. */
export function printedBy({ result }: Ended): Command | undefined {
  return isCheck(result) ? result.findings.find(({ command }) => command !== undefined)?.command : undefined;
}

/** What a refused operation must leave as it was: roles, epochs, pauses, and what the records say but for leases. */
function touchable(scene: Scene): string {
  const rows = REGIONS.map((region) => {
    const { role, epoch, dags } = scene.airflow(region);
    return [role, epoch, [...dags]];
  });
  const records = REGIONS.map((region) => {
    const { lease, nonce, updatedAt, ...rest } = (scene.written(region) ?? {}) as Readonly<Record<string, unknown>>;
    return { ...rest, hasLease: lease !== undefined && nonce !== undefined && updatedAt !== undefined };
  });
  return JSON.stringify([rows, records]);
}

/** Runs it once. A refusal must have a reason, and must have touched nothing. */
export async function carryOut(scene: Scene, command: Command): Promise<string> {
  const before = touchable(scene);
  const { code, result } = await runToItsEnd(scene, command.operation, command.inputs);
  if (code === 'ok') return result?.operation === 'failover' && isAllPaused(result) ? ALL_PAUSED : code;
  const what = `${command.operation} ${JSON.stringify(command.inputs)}`;
  if (!isReason(code)) scene.violate('no-way-on', `${what} ends with ${code}`);
  const after = touchable(scene);
  if (after !== before)
    scene.violate('refusal-touched', `${what} is refused with ${code}, and changed ${before} to ${after}`);
  return code;
}
