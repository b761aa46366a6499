import { expect, test } from '@jest/globals';
import { SIGNALS, withReading } from '../../../action/src/domain/observation.ts';
import type { Observations, Reading, Signal } from '../../../action/src/domain/observation.ts';
import { staying } from '../../../action/src/domain/staying.ts';
import { judge } from '../../../action/src/domain/verdict.ts';
import { PLAIN_LOSSES } from '../../tools/health-reference.ts';

const START = Date.parse('2026-12-01T10:00:00Z');
const SEEDS = 60;
const LOOKS = 150;

/** Numbers from 0 up to, not including, `below`; the same ones for a seed. */
function drawn(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Qualities = Partial<Record<(typeof SIGNALS)[number], Signal['quality']>>;

const [REGION = {}, DEAD = {}] = PLAIN_LOSSES.map(([seen]) => seen);
const LOST: Qualities = { ...REGION, extraMetrics: 'none' };
/** In most of them nothing changes for a while. */
const MOODS: readonly Qualities[] = [
  {},
  DEAD,
  DEAD,
  LOST,
  LOST,
  { ...LOST, standbyStorage: 'throttled' },
  { ...DEAD, activeEnvironment: 'throttled' },
  { hold: 'bad', standbyEnvironment: 'bad' },
];

function reading(at: number, mood: Qualities): Reading {
  const signals = Object.fromEntries(
    SIGNALS.map((name) => [name, { quality: mood[name] ?? 'good', value: 'AVAILABLE' }]),
  );
  return {
    at: new Date(at).toISOString(),
    clock: 's3',
    signals: signals as Reading['signals'],
    status:
      mood['activeEnvironment'] === undefined ? { name: 'AVAILABLE', since: new Date(START).toISOString() } : null,
  };
}

test.each([
  [3_600, 6],
  [900, 10],
  [300, 2],
])(
  'what is left out of a memory changes no verdict and no finding (%d s, %d bad periods)',
  (periodSeconds, badPeriods) => {
    const periods = { periodSeconds, badPeriods };
    const verdicts = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const draw = drawn(seed);
      let kept: Observations = { schemaVersion: 1, observer: 'me', site: 'us-east-1', readings: [] };
      const all: Reading[] = [];
      let [at, mood] = [START, 0];
      for (let look = 0; look < LOOKS; look += 1) {
        at += (1 + draw(9)) * 0.04 * periodSeconds * badPeriods * 250;
        if (draw(12) === 0) mood = draw(MOODS.length);
        const next = reading(at, MOODS[mood] ?? {});
        all.push(next);
        kept = withReading(kept, next, periods);
        const facts = { periods, now: at, others: [] };
        const [told, full] = [kept, { ...kept, readings: all }].map((observer) => ({ ...facts, observer }));
        if (told === undefined || full === undefined) throw new Error('two of them');
        const verdict = judge(told).key;
        verdicts.add(verdict);
        expect([seed, look, verdict]).toEqual([seed, look, judge(full).key]);
        expect(staying(told, 'warm-standby')).toEqual(staying(full, 'warm-standby'));
      }
      expect(kept.readings.length).toBeLessThan(LOOKS);
    }
    expect([...verdicts]).toEqual(expect.arrayContaining(['HEALTHY', 'UNHEALTHY(region)', 'UNHEALTHY(airflow)']));
  },
);
