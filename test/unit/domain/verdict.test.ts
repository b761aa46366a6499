import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { permissionOf } from '../../../action/src/domain/move-permission.ts';
import { SIGNALS } from '../../../action/src/domain/observation.ts';
import type { Observations, Reading, Signal, SignalName } from '../../../action/src/domain/observation.ts';
import { judge, VERDICT_KEYS } from '../../../action/src/domain/verdict.ts';
import type { Verdict } from '../../../action/src/domain/verdict.ts';

const START = Date.parse('2026-11-24T10:00:00Z');
const PERIOD = 300_000;
const periods = { periodSeconds: 300, badPeriods: 2 };

type Qualities = Partial<Record<SignalName, Signal['quality']>>;

/** Of a site that is well: these two are only there when asked for. */
const usual = (name: SignalName): Signal['quality'] => (name === 'work' || name === 'extraMetrics' ? 'none' : 'good');

const reading = (at: number, qualities: Qualities, status = 'AVAILABLE'): Reading => ({
  at: new Date(at).toISOString(),
  clock: 's3',
  signals: Object.fromEntries(
    SIGNALS.map((name) => [name, { quality: qualities[name] ?? usual(name), value: 'x' }]),
  ) as Reading['signals'],
  status: { name: status, since: new Date(START).toISOString() },
});

const observed = (observer: string, readings: readonly Reading[]): Observations => ({
  schemaVersion: 1,
  observer,
  site: 'us-east-1',
  readings: [...readings],
});

/** The verdict after these readings, one a period, and what other observers saw. */
function after(all: readonly Qualities[], others: readonly Qualities[][] = []): Verdict {
  const series = (name: string, list: readonly Qualities[]) =>
    observed(
      name,
      list.map((qualities, index) => reading(START + index * PERIOD, qualities)),
    );
  return judge({
    periods,
    now: START + (all.length - 1) * PERIOD,
    observer: series('me', all),
    others: others.map((list, index) => series(`other ${index}`, list)),
  });
}

const LOST: Qualities = {
  activeEnvironment: 'dark',
  activeMetric: 'dark',
  activeAirflow: 'dark',
  activeStorage: 'dark',
  activeIdentity: 'dark',
  heartbeat: 'bad',
  standbyPeer: 'bad',
};
const DEAD: Qualities = { activeMetric: 'bad', activeAirflow: 'bad', heartbeat: 'bad' };

describe('A Region is called lost', () => {
  test('after two periods in a row, not after one', () => {
    expect(after([LOST]).key).toBe('UNKNOWN');
    expect(after([LOST, LOST]).key).toBe('UNHEALTHY(region)');
    expect(after([LOST, {}, LOST]).key).toBe('UNKNOWN');
  });

  test.each(['activeEnvironment', 'activeMetric', 'activeStorage', 'heartbeat'] as const)(
    'only if %s says so, too',
    (name) => {
      for (const quality of ['good', 'denied', 'throttled', 'none'] as const) {
        const spared = { ...LOST, [name]: quality };
        expect(after([spared, spared, spared]).key).not.toMatch(/^UNHEALTHY/);
      }
    },
  );

  test.each(['dark', 'denied', 'throttled'] as const)(
    'only if the standby Region answers, not when it is %s',
    (quality) => {
      const blind: Qualities = { ...LOST, standbyStorage: quality };
      expect(after([blind, blind, blind]).key).toBe('UNKNOWN');
      const nobody: Qualities = { ...LOST, standbyIdentity: quality, standbyEnvironment: quality };
      expect(after([nobody, nobody, nobody]).key).toBe('UNKNOWN');
    },
  );

  test('if another observer saw it long enough and we see it now', () => {
    expect(after([LOST], [[LOST]]).key).toBe('UNKNOWN');
    const watcher = observed('watcher', [reading(START - PERIOD, LOST), reading(START, LOST)]);
    const me = observed('me', [reading(START, LOST)]);
    expect(judge({ periods, now: START, observer: me, others: [watcher] }).key).toBe('UNHEALTHY(region)');
  });

  test('not while another observer sees it alive', () => {
    expect(after([LOST, LOST], [[{}, {}]]).key).toBe('UNKNOWN');
  });

  test('not from fewer readings than bad periods, however short the periods', () => {
    const short = { periodSeconds: 5, badPeriods: 3 };
    const at = (...seconds: number[]) =>
      observed(
        'me',
        seconds.map((second) => reading(START + second * 1000, LOST)),
      );
    const verdict = (seconds: number[]) =>
      judge({ periods: short, now: START + 10_000, observer: at(...seconds), others: [] });
    expect(verdict([0, 10]).key).toBe('UNKNOWN');
    expect(verdict([0, 5, 10]).key).toBe('UNHEALTHY(region)');
  });

  test.each([
    ['activeAirflow', 'good'],
    ['activeAirflow', 'bad'],
    ['activeIdentity', 'good'],
    ['work', 'bad'],
    ['extraMetrics', 'bad'],
  ] as const)('not while anything answers from there, as %s does (%s)', (name, quality) => {
    const living = { ...LOST, [name]: quality };
    expect(after([living, living, living]).key).not.toMatch(/^UNHEALTHY/);
    expect(after([living, LOST]).key).toBe('UNKNOWN');
    expect(after([LOST, LOST], [[living, living]]).key).toBe('UNKNOWN');
  });

  test('only over readings of which none saw a sign of life, in whatever order they come', () => {
    const SIGNS: readonly Qualities[] = [
      { activeAirflow: 'bad' },
      { activeIdentity: 'good' },
      { activeMetric: 'bad' },
      { activeStorage: 'good' },
      { heartbeat: 'good' },
      { work: 'good' },
    ];
    const series = fc.array(fc.option(fc.constantFrom(...SIGNS)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(series, (all) => {
        const { key } = after(all.map((sign) => ({ ...LOST, ...sign })));
        const isQuiet = all.length > 1 && all.slice(-2).every((sign) => sign === null);
        expect(key === 'UNHEALTHY(region)').toBe(isQuiet);
      }),
    );
  });

  test('not by readings that have a time of their own: two machines need not agree what time it is', () => {
    const skewed = (clock: Reading['clock']) =>
      observed('me', [
        { ...reading(START - 6 * 60_000, LOST), clock },
        { ...reading(START, LOST), clock },
      ]);
    const verdict = (clock: Reading['clock']) =>
      judge({ periods, now: START, observer: skewed(clock), others: [] }).key;
    expect([verdict('s3'), verdict('runner')]).toEqual(['UNHEALTHY(region)', 'UNKNOWN']);
  });

  test('although S3 cuts its time to whole seconds, but not sooner', () => {
    const verdict = (second: number) =>
      judge({
        periods,
        now: START + second,
        observer: observed('me', [reading(START, LOST), reading(START + second, LOST)]),
        others: [],
      }).key;
    expect([verdict(PERIOD - 1_000), verdict(PERIOD - 2_000)]).toEqual(['UNHEALTHY(region)', 'UNKNOWN']);
  });

  test('not from readings that lie too far apart', () => {
    const me = observed('me', [reading(START, LOST), reading(START + 10 * PERIOD, LOST)]);
    expect(judge({ periods, now: START + 10 * PERIOD, observer: me, others: [] }).key).toBe('UNKNOWN');
  });

  test('also over a reading in between that saw nothing, as long as the others lie close enough', () => {
    const times = [0, 300, 320, 340];
    const all = [LOST, LOST, { ...LOST, heartbeat: 'dark' as const }, LOST];
    const me = observed(
      'me',
      all.map((qualities, index) => reading(START + (times[index] ?? 0) * 1000, qualities)),
    );
    expect(judge({ periods, now: START + 340_000, observer: me, others: [] }).key).toBe('UNHEALTHY(region)');
  });
});

describe('A scheduler is called dead', () => {
  test('after two periods in a row, while the Region answers', () => {
    expect(after([DEAD]).key).toBe('UNKNOWN');
    expect(after([DEAD, DEAD]).key).toBe('UNHEALTHY(airflow)');
  });

  test('only if a second witness agrees', () => {
    const metric: Qualities = { activeMetric: 'bad' };
    expect(after([metric, metric, metric]).key).toBe('DEGRADED');
    const beat: Qualities = { heartbeat: 'bad' };
    expect(after([beat, beat, beat]).key).toBe('DEGRADED');
  });

  test('and its reason names what is wrong, as most readers see no more of it', () => {
    const one: Qualities = { extraMetrics: 'bad' };
    expect(after([one]).reason).toBe('the scheduler works by 3 of 3 witnesses, but extraMetrics: bad, x');
    const two: Qualities = { extraMetrics: 'bad', heartbeat: 'bad' };
    expect(after([two]).reason).toMatch(/^the scheduler works by 2 of 3 witnesses, but .*: bad, x \(and 1 more\)$/);
  });

  test('not while Airflow itself says that the scheduler works', () => {
    const halves: Qualities = { activeMetric: 'bad', heartbeat: 'bad' };
    expect(after([halves, halves, halves]).key).toBe('DEGRADED');
  });

  test('not while another observer sees it work', () => {
    expect(after([DEAD, DEAD], [[{}, {}]]).key).toBe('UNKNOWN');
    expect(after([DEAD, DEAD], [[DEAD, { ...DEAD, heartbeat: 'good' }]]).key).toBe('UNKNOWN');
  });

  test('not while its canary beats: an overloaded scheduler misses its metric and its health, and works', () => {
    const overloaded: Qualities = { activeMetric: 'bad', activeAirflow: 'bad' };
    expect(after([overloaded, overloaded, overloaded]).key).toBe('DEGRADED');
    const beaten = { ...overloaded, heartbeat: 'bad' as const };
    expect(after([beaten, overloaded, beaten]).key).toBe('UNKNOWN');
  });

  test('by a metric of the team in place of the own one, if a second witness agrees', () => {
    const own: Qualities = { ...DEAD, activeMetric: 'denied', extraMetrics: 'bad' };
    expect(after([own, own])).toMatchObject({
      key: 'UNHEALTHY(airflow)',
      evidence: expect.arrayContaining(['extraMetrics: bad, x']) as unknown,
    });
    expect(after([own, { ...own, extraMetrics: 'good' }]).key).toBe('UNKNOWN');
  });

  test("by MWAA's word that its environment is gone, when the metric has no data for a day", () => {
    const gone: Qualities = { ...DEAD, activeMetric: 'none', activeEnvironment: 'bad', activeAirflow: 'none' };
    expect(after([gone]).key).toBe('UNKNOWN');
    expect(after([gone, gone]).key).toBe('UNHEALTHY(airflow)');
    for (const sign of [{ activeMetric: 'good' }, { heartbeat: 'good' }] as const)
      expect(after([gone, { ...gone, ...sign }]).key).not.toMatch(/^UNHEALTHY/);
  });

  test('never by a metric of the team alone, nor against the own one', () => {
    const alone: Qualities = { extraMetrics: 'bad' };
    expect(after([alone, alone, alone])).toMatchObject({ key: 'DEGRADED', evidence: ['extraMetrics: bad, x'] });
    const against: Qualities = { extraMetrics: 'bad', activeAirflow: 'denied', heartbeat: 'bad' };
    expect(after([against, against, against]).key).toBe('DEGRADED');
  });

  test.each(['UPDATING', 'MAINTENANCE', 'CREATING_SNAPSHOT', 'ROLLING_BACK'])(
    'not during %s, until its deadline has passed',
    (status) => {
      const me = (at: number) => observed('me', [reading(at - PERIOD, DEAD, status), reading(at, DEAD, status)]);
      const soon = START + PERIOD;
      const late = START + 2 * 3_600_000;
      expect(judge({ periods, now: soon, observer: me(soon), others: [] })).toMatchObject({
        key: 'DEGRADED',
        deadline: '2026-11-24T12:00:00.000Z',
      });
      // What was read under the excuse says nothing after it, either.
      expect(judge({ periods, now: late, observer: me(late), others: [] }).key).toBe('UNKNOWN');
      const later = late + PERIOD;
      expect(judge({ periods, now: later, observer: me(later), others: [] }).key).toBe('UNHEALTHY(airflow)');
    },
  );
});

describe('Airflow is called dead although its scheduler is well', () => {
  const STILL: Qualities = { work: 'bad', heartbeat: 'bad' };

  test('when tasks are due and nothing starts for two periods in a row', () => {
    expect(after([STILL]).key).toBe('DEGRADED');
    expect(after([STILL, STILL])).toMatchObject({
      key: 'UNHEALTHY(airflow)',
      reason: expect.stringContaining('nothing has started for 2 periods') as unknown,
    });
  });

  test.each([
    ['the canary alone is dead while other tasks start', { work: 'good', heartbeat: 'bad' }],
    ['nothing is due', { work: 'none', heartbeat: 'bad' }],
    ['nobody can tell', { work: 'denied', heartbeat: 'bad' }],
    ['the canary beats', { work: 'bad' }],
    ['the canary has never beaten', { work: 'bad', heartbeat: 'none' }],
    ['the Region does not answer', { ...STILL, activeEnvironment: 'dark' }],
  ] as const)('not when %s', (_name, seen) => {
    expect(after([seen, seen, seen]).key).toBe('DEGRADED');
  });

  test('not while it is seen to start something in between, or by others', () => {
    expect(after([STILL, { ...STILL, work: 'good' }, STILL]).key).toBe('DEGRADED');
    expect(after([STILL, {}, STILL]).key).toBe('DEGRADED');
    expect(
      after(
        [STILL, STILL],
        [
          [
            { ...STILL, work: 'good' },
            { ...STILL, work: 'good' },
          ],
        ],
      ).key,
    ).toBe('DEGRADED');
  });

  test('not while the environment is updated', () => {
    const me = observed('me', [reading(START, STILL, 'UPDATING'), reading(START + PERIOD, STILL, 'UPDATING')]);
    expect(judge({ periods, now: START + PERIOD, observer: me, others: [] }).key).toBe('DEGRADED');
  });
});

describe('Nobody is active', () => {
  const stopped: Qualities = { role: 'bad' };

  test('is said at once, with the reason that records and heartbeats give', () => {
    expect(after([stopped])).toMatchObject({ key: 'UNHEALTHY(stopped)', reason: 'x' });
  });

  test('also while the scheduler is dead or updated, but not instead of a lost Region', () => {
    expect(
      after([
        { ...DEAD, ...stopped },
        { ...DEAD, ...stopped },
      ]).key,
    ).toBe('UNHEALTHY(stopped)');
    const updating = observed('me', [reading(START, stopped, 'UPDATING')]);
    expect(judge({ periods, now: START, observer: updating, others: [] }).key).toBe('UNHEALTHY(stopped)');
    expect(
      after([
        { ...LOST, ...stopped },
        { ...LOST, ...stopped },
      ]).key,
    ).toBe('UNHEALTHY(region)');
  });

  test('is not said when our credentials are lost, nor when the claimed site cannot be seen', () => {
    expect(after([{ ...stopped, activeIdentity: 'denied', standbyIdentity: 'denied' }]).key).toBe('UNKNOWN');
    expect(after([{ role: 'dark' }])).toMatchObject({ key: 'UNKNOWN', reason: 'x' });
  });

  test('a move that is under way is a remark', () => {
    expect(after([{ role: 'none' }])).toMatchObject({ key: 'DEGRADED', evidence: ['role: none, x'] });
  });
});

describe('Otherwise', () => {
  test('all is well: HEALTHY', () => {
    expect(after([{}]).key).toBe('HEALTHY');
    for (const name of ['activeMetric', 'work', 'extraMetrics', 'activePeer', 'standbyPeer'])
      expect(after([{ [name]: 'none' }]).key).toBe('HEALTHY');
  });

  test('no reading at all: UNKNOWN', () => {
    expect(after([]).key).toBe('UNKNOWN');
  });

  test.each(['hold', 'snapshot', 'fence', 'standbyEnvironment', 'activePeer', 'standbyPeer', 'work'] as const)(
    '%s is bad: DEGRADED',
    (name) => {
      expect(after([{ [name]: 'bad' }])).toMatchObject({ key: 'DEGRADED', evidence: [`${name}: bad, x`] });
    },
  );
});

describe('Whatever happens to a single thing', () => {
  /** Each a single fault of the observer, of IAM, of KMS or of the network, and all that it can touch. */
  const BLIND: readonly Signal['quality'][] = ['denied', 'throttled', 'dark', 'none'];
  const TOUCHED: readonly (readonly SignalName[])[] = [
    ...SIGNALS.map((name) => [name] as const),
    ['activeEnvironment', 'standbyEnvironment'],
    ['activeIdentity', 'standbyIdentity'],
    ['activeStorage', 'standbyStorage', 'heartbeat', 'hold', 'snapshot'],
    ['standbyStorage', 'heartbeat', 'hold', 'snapshot'],
    ['activeEnvironment', 'activeAirflow'],
    ['activeEnvironment', 'activeMetric', 'activeAirflow', 'activeStorage', 'activeIdentity'],
    ['standbyEnvironment', 'standbyStorage', 'standbyIdentity', 'heartbeat', 'hold', 'snapshot'],
    [...SIGNALS],
  ];

  test('it is never UNHEALTHY, however long it lasts and however it flickers', () => {
    const cause = fc.constantFrom(...TOUCHED);
    const series = fc.array(fc.option(fc.constantFrom(...BLIND)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(cause, series, (names, qualities) => {
        const all = qualities.map((quality) =>
          quality === null ? {} : Object.fromEntries(names.map((name) => [name, quality])),
        );
        expect(after(all).key).not.toMatch(/^UNHEALTHY/);
      }),
      { numRuns: 500 },
    );
  });

  /** `role` is what records say, not what was measured. */
  const MEASURED = SIGNALS.filter((name) => name !== 'role');

  test('a single signal that is bad is never UNHEALTHY', () => {
    for (const name of MEASURED) {
      const bad: Qualities = { [name]: 'bad' };
      expect(after(Array.from({ length: 20 }, () => bad)).key).toBe('DEGRADED');
    }
  });

  test('denied and throttled in place of any evidence take the verdict away', () => {
    const name = fc.constantFrom(
      ...(Object.keys(LOST) as SignalName[]).filter(
        (key) => !['activeAirflow', 'activeIdentity', 'standbyPeer'].includes(key),
      ),
    );
    fc.assert(
      fc.property(name, fc.constantFrom('denied' as const, 'throttled' as const), (key, quality) => {
        const all = Array.from({ length: 6 }, () => ({ ...LOST, [key]: quality }));
        expect(after(all).key).not.toMatch(/^UNHEALTHY/);
      }),
    );
  });
});

describe('Leaving a site', () => {
  test.each([
    ['HEALTHY', 'force', 'refused'],
    ['DEGRADED', 'force', 'refused'],
    ['UNHEALTHY(region)', 'confirm', 'allowed'],
    ['UNHEALTHY(stopped)', 'confirm', 'refused'],
    ['UNHEALTHY(airflow)', 'confirm', 'refused'],
    ['UNKNOWN', 'force', 'refused'],
  ] as const)('that is %s is by hand: %s, by itself: %s', (verdict, manual, automatic) => {
    expect(permissionOf(verdict, 'manual')).toBe(manual);
    expect(permissionOf(verdict, 'automatic')).toBe(automatic);
  });

  test('has a cell for every verdict', () => {
    expect(VERDICT_KEYS).toHaveLength(6);
    for (const key of VERDICT_KEYS) expect(permissionOf(key, 'manual')).toBeDefined();
  });
});
