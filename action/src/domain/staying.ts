import type { Deployment } from './deployment.ts';
import type { Reading, Signal, SignalName } from './observation.ts';
import { holdsFor, is } from './rows.ts';
import type { Case } from './rows.ts';
import { millis } from './stored-json.ts';
import { excusedUntil } from './verdict.ts';

export type Strategy = Deployment['strategy'];

/** A signal that is found by staying one of these, and the environment that has to be at work for that. */
interface Waited {
  readonly name: SignalName;
  readonly wrong: readonly Signal['quality'][];
  readonly where?: SignalName;
}

const WAITED: readonly Waited[] = [
  { name: 'slots', wrong: ['bad'] },
  { name: 'activePeer', wrong: ['bad'] },
  { name: 'standbyPeer', wrong: ['bad'] },
  // Whether there should be one at all, the finding knows.
  { name: 'heartbeat', wrong: ['bad', 'none'], where: 'activeEnvironment' },
  // Where the snapshots are, whatever the strategy.
  { name: 'standbyStorage', wrong: ['denied', 'none'] },
];

/**
 * What tells whether the standby could take over. An answer that says no, or that nothing is there, is evidence of one
 * thing: a move would get it, too.
 */
const OF_STANDBY: readonly Waited[] = [
  { name: 'standbyEnvironment', wrong: ['bad', 'denied', 'none'] },
  { name: 'standbyAirflow', wrong: ['bad'], where: 'standbyEnvironment' },
  { name: 'hold', wrong: ['bad'], where: 'standbyEnvironment' },
];

/** What is wrong, and is a finding once it was seen in enough periods in a row, however well the scheduler is. */
export const waitedFor = (latest: Reading, strategy: Strategy): readonly Waited[] =>
  // The standby of a backup-restore is made at the failover.
  [...WAITED, ...(strategy === 'warm-standby' ? OF_STANDBY : [])].filter((waited) => isWrong(waited, latest));

/** Of an environment that is just being changed, or does not answer, nothing else is wrong. */
function isWrong({ name, wrong, where }: Waited, reading: Reading): boolean {
  const { signals } = reading;
  if (!wrong.includes(signals[name].quality)) return false;
  if (where === undefined) return true;
  const { quality, value } = signals[where];
  // A change excuses as long as it does in the verdict.
  const until = where === 'activeEnvironment' ? excusedUntil(reading) : undefined;
  if (until !== undefined && millis(reading.at) >= until && quality === 'good') return true;
  return quality === 'denied' || ['AVAILABLE', 'UPDATE_FAILED'].includes(value);
}

/** What of it has stayed so through enough periods. */
export function staying(facts: Case, strategy: Strategy): readonly SignalName[] {
  const latest = facts.observer.readings.at(-1);
  if (latest === undefined) return [];
  const stays = (waited: Waited): boolean =>
    holdsFor(
      facts,
      (reading) => isWrong(waited, reading),
      (reading) => is(reading, waited.name, 'good'),
    );
  return waitedFor(latest, strategy)
    .filter(stays)
    .map(({ name }) => name);
}
