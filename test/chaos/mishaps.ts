import type { Call, Mishap } from '../doubles/process.ts';
import { UNHARMED } from './operations.ts';
import type { Fate } from './operations.ts';
import type { Random } from './random.ts';

const MINUTE = 60_000;
const FREEZES = [2 * MINUTE, 10 * MINUTE, 60 * MINUTE, 120 * MINUTE] as const;
const KINDS = ['kill before', 'kill after', 'lose reply', 'freeze', 'freeze', 'freeze in flight', 'expire'] as const;

interface Place {
  readonly name: string;
  readonly is: RegExp;
  readonly among: number;
}

/** Where much is decided: something happens at one of the first so many calls of this kind. */
const PLACES: readonly [Place, ...Place[]] = [
  { name: 'write of a control record', is: /^PutObject control\/[^/]+\.json$/, among: 14 },
  { name: 'journal entry', is: /^PutObject control\/.+\/journal\//, among: 7 },
  { name: 'REST call that changes something', is: /^InvokeRestApi (POST|PATCH)/, among: 6 },
  { name: 'look at a result', is: /^GetObject results\//, among: 8 },
  { name: 'read of a control record', is: /^GetObject control\/[^/]+\.json$/, among: 40 },
  { name: 'call', is: /^/, among: 60 },
  { name: 'call', is: /^/, among: 220 },
];

const BEFORE_A_PAUSE: readonly [Place, ...Place[]] = [
  { name: 'pause by REST', is: /^InvokeRestApi PATCH/, among: 2 },
  { name: 'note of what is paused', is: /^PutObject .+\/pauses-/, among: 1 },
  { name: 'look at a fence', is: /^GetObject results\/.+-fence/, among: 8 },
];

/** What befalls the next process: about half of them end as they should, by a clock that may be wrong. */
export function fateOf(random: Random): Fate {
  const skew = random.chance(0.3) ? (random.below(21) - 10) * MINUTE : 0;
  return skewed(random.chance(0.45) ? UNHARMED : mishapOf(random), skew);
}

/** Stands still on the way to the first pauses by REST, for so long that somebody else may have moved meanwhile. */
export function stillBeforeAPause(random: Random): Fate {
  const place = random.pick(BEFORE_A_PAUSE);
  const freeze = random.pick([60 * MINUTE, 120 * MINUTE] as const);
  const mishap = { freeze, inFlight: random.chance(0.3) };
  const label = `freeze at ${place.name}, ${freeze / MINUTE} min`;
  return { label, options: { mishap: once(place.is, 1 + random.below(place.among), mishap) } };
}

function mishapOf(random: Random): Fate {
  const kind = random.pick(KINDS);
  const place = random.pick(PLACES);
  const nth = 1 + random.below(place.among);
  if (kind === 'expire') return { label: `credentials expire at call ${nth}`, options: { expiresAt: nth } };
  const freeze = random.pick(FREEZES);
  const isFreeze = kind === 'freeze' || kind === 'freeze in flight';
  const mishap = isFreeze ? { freeze, inFlight: kind === 'freeze in flight' } : kind;
  const label = `${kind} at ${place.name} ${nth}${isFreeze ? `, ${freeze / MINUTE} min` : ''}`;
  return { label, options: { mishap: once(place.is, nth, mishap) } };
}

function once(is: RegExp, nth: number, mishap: Mishap): (call: Call) => Mishap {
  let count = 0;
  return ({ operation, key }) => {
    if (!is.test(`${operation} ${key}`)) return undefined;
    count += 1;
    return count === nth ? mishap : undefined;
  };
}

function skewed({ label, options }: Fate, skew: number): Fate {
  if (skew === 0) return { label, options };
  return { label: `${label}, clock ${skew / MINUTE} min off`, options: { ...options, skew } };
}
