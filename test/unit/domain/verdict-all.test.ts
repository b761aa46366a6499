import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SIGNALS } from '../../../action/src/domain/observation.ts';
import type { Reading, Signal, SignalName } from '../../../action/src/domain/observation.ts';
import { judge, VERDICT_KEYS } from '../../../action/src/domain/verdict.ts';
import type { VerdictKey } from '../../../action/src/domain/verdict.ts';

/**
 * What each signal can say, as far as a rule may tell it apart. `denied`, `throttled` and `none` are one, and so is
 * `dark` where nobody asks for it: the types allow no rule to (`Evidence` in rows.ts), and the last test tries it.
 */
const SAYS = {
  activeEnvironment: ['good', 'bad', 'none', 'dark'],
  activeMetric: ['good', 'bad', 'none', 'dark'],
  activeAirflow: ['good', 'bad', 'none', 'dark'],
  activeStorage: ['good', 'none', 'dark'],
  activeIdentity: ['good', 'none', 'dark'],
  standbyEnvironment: ['good', 'bad', 'none', 'dark'],
  standbyStorage: ['good', 'none', 'dark'],
  standbyIdentity: ['good', 'none', 'dark'],
  heartbeat: ['good', 'bad', 'none', 'dark'],
  work: ['good', 'bad', 'none'],
  extraMetrics: ['good', 'bad', 'none'],
  role: ['good', 'bad', 'dark'],
  standbyPeer: ['good', 'none'],
} as const satisfies Partial<Record<SignalName, readonly Signal['quality'][]>>;
const NAMES = Object.keys(SAYS) as (keyof typeof SAYS)[];
const PERIOD = 300_000;
const NOW = Date.parse('2026-11-24T12:00:00Z');

/** Signals that are changed in place, seen unchanged in three readings: what lasts long enough for any verdict. */
const signals = Object.fromEntries(SIGNALS.map((name) => [name, { quality: 'good', value: 'x' }])) as Record<
  SignalName,
  { quality: Signal['quality']; value: string }
>;
const quality = (name: SignalName): Signal['quality'] => signals[name].quality;
const CASE = {
  periods: { periodSeconds: 300, badPeriods: 2 },
  now: NOW,
  observer: {
    schemaVersion: 1 as const,
    observer: 'me',
    site: 'us-east-1',
    readings: [2, 1, 0].map((ago): Reading => ({
      at: new Date(NOW - ago * PERIOD).toISOString(),
      clock: 's3',
      signals,
      status: null,
    })),
  },
  others: [],
};

/** Walks all combinations, and calls back with each one's verdict. */
function forAll(see: (key: VerdictKey) => void, index = 0): void {
  const name = NAMES[index];
  if (name === undefined) {
    see(judge(CASE).key);
    return;
  }
  for (const says of SAYS[name]) {
    signals[name].quality = says;
    forAll(see, index + 1);
  }
}

const isOneOf = (name: SignalName, ...qualities: readonly Signal['quality'][]): boolean =>
  qualities.includes(quality(name));

/** Every sign of life of the active Region, from whatever vantage point. */
const SIGNS: Readonly<Partial<Record<SignalName, readonly Signal['quality'][]>>> = {
  activeEnvironment: ['good', 'bad'],
  activeMetric: ['good', 'bad'],
  activeAirflow: ['good', 'bad'],
  activeStorage: ['good'],
  activeIdentity: ['good'],
  heartbeat: ['good'],
  work: ['good', 'bad'],
  extraMetrics: ['good', 'bad'],
  standbyPeer: ['good'],
};
const anythingLives = (): boolean =>
  Object.entries(SIGNS).some(([name, signs]) => isOneOf(name as SignalName, ...signs));

/** By verdict, what it must never be said with. */
const BROKEN = {
  'a lost Region of which something answers': (key: VerdictKey) => key === 'UNHEALTHY(region)' && anythingLives(),
  'a lost Region while the standby does not answer, or cannot tell that the other is silent': (key: VerdictKey) =>
    key === 'UNHEALTHY(region)' && !(isOneOf('standbyStorage', 'good') && isOneOf('heartbeat', 'bad')),
  'a dead Airflow whose canary beats': (key: VerdictKey) =>
    key === 'UNHEALTHY(airflow)' && isOneOf('heartbeat', 'good'),
  'a dead Airflow whose scheduler says that it works, and which starts what is due': (key: VerdictKey) =>
    key === 'UNHEALTHY(airflow)' && isOneOf('activeAirflow', 'good') && !isOneOf('work', 'bad'),
  'a dead Airflow in a Region that does not answer': (key: VerdictKey) =>
    key === 'UNHEALTHY(airflow)' && !isOneOf('activeEnvironment', 'good', 'bad'),
  'a dead Airflow by a metric of the team alone': (key: VerdictKey) =>
    key === 'UNHEALTHY(airflow)' && !(['heartbeat', 'activeAirflow'] as const).some((name) => isOneOf(name, 'bad')),
  'nobody active, though no record or heartbeat says so': (key: VerdictKey) =>
    key === 'UNHEALTHY(stopped)' && !isOneOf('role', 'bad'),
} as const satisfies Readonly<Record<string, (key: VerdictKey) => boolean>>;
type Vow = keyof typeof BROKEN;

describe('Of all combinations of what the signals can say', () => {
  const counts: Partial<Record<VerdictKey, number>> = {};
  const broken: Partial<Record<Vow, string>> = {};

  beforeAll(() => {
    const vows = Object.entries(BROKEN) as [Vow, (key: VerdictKey) => boolean][];
    forAll((key) => {
      counts[key] = (counts[key] ?? 0) + 1;
      if (!key.startsWith('UNHEALTHY')) return;
      for (const [vow, isBroken] of vows)
        if (isBroken(key)) broken[vow] ??= NAMES.map((name) => `${name} ${quality(name)}`).join(', ');
    });
  }, 120_000);

  test('each has a verdict, and each verdict some', () => {
    const all = NAMES.reduce((product, name) => product * SAYS[name].length, 1);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(all);
    expect(Object.keys(counts).toSorted()).toEqual([...VERDICT_KEYS].toSorted());
  });

  test.each(Object.keys(BROKEN) as Vow[])('none is called %s', (vow) => {
    expect(broken[vow]).toBeUndefined();
  });
});

test('What is denied, throttled or none, and every remark, changes nothing of it', () => {
  const any = fc.constantFrom<Signal['quality']>('good', 'bad', 'none', 'denied', 'throttled', 'dark');
  const grave = (): string => {
    const { key } = judge(CASE);
    return key === 'HEALTHY' || key === 'DEGRADED' ? 'it lives' : key;
  };
  const asOne = (name: SignalName, says: Signal['quality']): Signal['quality'] => {
    const known: readonly Signal['quality'][] = name in SAYS ? SAYS[name as keyof typeof SAYS] : [];
    return known.includes(says) ? says : 'none';
  };
  fc.assert(
    fc.property(
      fc.record(Object.fromEntries(SIGNALS.map((name) => [name, any])) as Record<SignalName, typeof any>),
      (all) => {
        const isImpossible = ['activeStorage', 'activeIdentity', 'standbyStorage', 'standbyIdentity'].some(
          (name) => all[name as SignalName] === 'bad',
        );
        fc.pre(!isImpossible);
        for (const name of SIGNALS) signals[name].quality = all[name];
        const seen = grave();
        for (const name of SIGNALS) signals[name].quality = asOne(name, all[name]);
        expect(grave()).toBe(seen);
      },
    ),
    { numRuns: 20_000 },
  );
});
