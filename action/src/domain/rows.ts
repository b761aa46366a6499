import { maxGap } from './observation.ts';
import type { Observations, Reading, SignalName } from './observation.ts';
import { millis } from './stored-json.ts';

export interface HealthPeriods {
  readonly periodSeconds: number;
  readonly badPeriods: number;
}

/** What was seen, by whom. */
export interface Case {
  readonly periods: HealthPeriods;
  /** Milliseconds, by the clock of the newest reading. */
  readonly now: number;
  /** The observer who asks, with the newest reading last. */
  readonly observer: Observations;
  readonly others: readonly Observations[];
}

/** What is denied, throttled or not there yet is evidence of nothing, so that no rule can ask for it. */
export type Evidence = 'good' | 'bad' | 'dark';
export type Predicate = (reading: Reading) => boolean;

export const is = (reading: Reading, name: SignalName, ...qualities: readonly Evidence[]): boolean =>
  qualities.some((quality) => quality === reading.signals[name].quality);

/** Whether it is so now, and some observer saw it so through enough periods in a row. */
export function holdsFor(facts: Case, predicate: Predicate, contradicts: Predicate): boolean {
  const latest = facts.observer.readings.at(-1);
  if (latest === undefined || !predicate(latest)) return false;
  return [facts.observer, ...facts.others].some(({ readings }) => inARow(facts, readings, predicate, contradicts));
}

/** S3 tells whole seconds: two readings a period apart may seem to be this (milliseconds) closer. */
const WHOLE_SECONDS = 1_000;

/**
 * A reading that saw neither the one nor the other is passed over, as long as no gap opens between the others. So is one
 * with a time of its own: only S3's clock tells how long something has been so.
 */
function inARow(
  { periods, now }: Case,
  readings: readonly Reading[],
  predicate: Predicate,
  contradicts: Predicate,
): boolean {
  const seen: number[] = [];
  for (const reading of readings.toReversed()) {
    if (contradicts(reading)) break;
    if (reading.clock === 'runner') continue;
    const at = millis(reading.at);
    if ((seen.at(-1) ?? now) - at > maxGap(periods)) break;
    if (predicate(reading)) seen.push(at);
  }
  const [newest, oldest] = [seen[0], seen.at(-1)];
  if (newest === undefined || oldest === undefined || seen.length < periods.badPeriods) return false;
  return newest - oldest >= (periods.badPeriods - 1) * periods.periodSeconds * 1000 - WHOLE_SECONDS;
}

/** Milliseconds. */
const GRACE = 30_000;

/** Whether another observer's newest reading, taken within the last period (dark calls take their time), shows it. */
export const anyoneSees = ({ periods, now, others }: Case, predicate: Predicate): boolean =>
  others.some(({ readings }) => {
    const newest = readings.at(-1);
    return newest !== undefined && now - millis(newest.at) <= periods.periodSeconds * 1000 + GRACE && predicate(newest);
  });
