import { describe, expect, test } from '@jest/globals';
import { GATE_CONDITIONS, gateReasons, isHopeless, markedBy, NO_MARKS } from '../../../action/src/domain/gate.ts';
import type { GateLook, GateTerms } from '../../../action/src/domain/gate.ts';

const T = Date.parse('2026-11-24T10:00:00Z');
const MARKS = { scheduler: T, canary: '2026-11-24T10:00:00.000Z' };

const beat = {
  schemaVersion: 1,
  deployment: 'example',
  site: 'us-west-2',
  at: '2026-11-24T10:02:00.000Z',
  role: 'standby',
  epoch: 0,
  hold: { installed: true, held: true, unpausedUserDags: 0, liveUserRuns: 0 },
  fence: null,
  dbAccess: 'mwaa-env',
  ageMilliseconds: 1_000,
} as const;

const environment = {
  name: 'example-west',
  status: 'AVAILABLE',
  airflowVersion: '2.10.3',
  lastUpdate: { status: 'SUCCESS', createdAt: T },
  environmentClass: 'mw1.small',
  dagS3Path: 'dags',
  raw: { WebserverAccessMode: 'PUBLIC_ONLY' },
};

const health = { metadatabase: true, scheduler: true, latestSchedulerHeartbeat: T + 5_000 };
const WELL: GateLook = { environment, health: { answer: health }, beat: { answer: beat }, importErrors: 0 };
const TERMS: GateTerms = { role: 'standby', marks: MARKS, importErrorsBefore: 0, wasChanged: true };

const look = (change: Partial<GateLook>): GateLook => ({ ...WELL, ...change });
const withBeat = (change: object): GateLook => look({ beat: { answer: { ...beat, ...change } } });
const withHold = (change: object): GateLook => withBeat({ hold: { ...beat.hold, ...change } });
const dark = { fault: 'dark', detail: 'no answer' } as const;

type Row = readonly [keyof typeof GATE_CONDITIONS, string, GateLook, Partial<GateTerms>?];

const CLOSED: readonly Row[] = [
  ['status', 'is UPDATING', look({ environment: { ...environment, status: 'UPDATING' } })],
  ['status', 'is missing', look({ environment: undefined })],
  ['update', 'FAILED', look({ environment: { ...environment, lastUpdate: { status: 'FAILED', createdAt: T } } })],
  ['health', 'cannot be read', look({ health: dark })],
  ['health', 'database', look({ health: { answer: { ...health, metadatabase: false } } })],
  ['health', 'scheduler unhealthy', look({ health: { answer: { ...health, scheduler: false } } })],
  ['schedulerBeat', 'not beaten', look({ health: { answer: { ...health, latestSchedulerHeartbeat: T } } })],
  ['schedulerBeat', 'not beaten', look({ health: { answer: { ...health, latestSchedulerHeartbeat: undefined } } })],
  ['schedulerBeat', 'not beaten', WELL, { marks: NO_MARKS }],
  ['canary', 'not beaten', withBeat({ at: MARKS.canary })],
  ['canary', 'not beaten', look({ beat: { answer: undefined } })],
  ['canary', 'cannot be read', look({ beat: dark })],
  ['hold', 'no way into the metadata database', withBeat({ dbAccess: null })],
  ['hold', 'not in place', withHold({ installed: false })],
  ['hold', 'not held', withHold({ held: false })],
  ['hold', '2 DAGs are unpaused at the standby', withHold({ unpausedUserDags: 2 })],
  ['hold', '1 DAGs are unpaused at the standby: a', withHold({ unpausedUserDags: 1, unpaused: ['a'] })],
  ['hold', 'none of its DAGs can run', WELL, { role: 'active' }],
  ['importErrors', '3 DAG files', look({ importErrors: 3 }), { importErrorsBefore: 2 }],
  ['importErrors', 'at the other site it is 1', look({ importErrors: 2, importErrorsElsewhere: 1 })],
  ['importErrors', 'cannot be read; before the change there were 0', look({ importErrors: undefined })],
];

describe('The gate behind a site that was changed', () => {
  test('opens when the environment, the scheduler and the canary are alive', () => {
    expect(gateReasons(WELL, TERMS)).toEqual([]);
  });

  test.each(CLOSED)('stays closed by %s: %s', (name, words, seen, terms = {}) => {
    expect(gateReasons(seen, { ...TERMS, ...terms }).join()).toContain(words);
    expect(GATE_CONDITIONS[name](seen, { ...TERMS, ...terms })).toContain(words);
  });

  test('has a row for each of its conditions', () => {
    expect(new Set(CLOSED.map(([name]) => name))).toEqual(new Set(Object.keys(GATE_CONDITIONS)));
  });

  test('asks for no canary where the DR DAGs were never installed', () => {
    expect(
      gateReasons(look({ beat: { answer: undefined } }), { ...TERMS, marks: { scheduler: T, canary: '' } }),
    ).toEqual([]);
  });

  test('opens at the active site while it is not held', () => {
    expect(gateReasons(withHold({ held: false, unpausedUserDags: 3 }), { ...TERMS, role: 'active' })).toEqual([]);
  });

  test('opens at a site that was not changed, and runs on from before an update that failed', () => {
    const lastUpdate = { status: 'FAILED', createdAt: T };
    const seen = look({ environment: { ...environment, status: 'UPDATE_FAILED', lastUpdate } });
    expect(gateReasons(seen, { ...TERMS, wasChanged: false })).toEqual([]);
    expect(gateReasons(seen, TERMS)).toHaveLength(2);
  });

  test.each([
    ['missing', undefined],
    ['UNAVAILABLE', { ...environment, status: 'UNAVAILABLE' }],
    ['CREATE_FAILED', { ...environment, status: 'CREATE_FAILED' }],
  ])('is hopeless where the environment is %s, and nowhere else', (_, seen) => {
    expect(isHopeless(look({ environment: seen }))).toBe(true);
    for (const status of ['AVAILABLE', 'UPDATE_FAILED', 'UPDATING', 'MAINTENANCE'])
      expect(isHopeless(look({ environment: { ...environment, status } }))).toBe(false);
  });

  test('takes the canary’s word where a private web server cannot be asked from outside, and only there', () => {
    const isPrivate = look({
      environment: { ...environment, raw: { WebserverAccessMode: 'PRIVATE_ONLY' } },
      health: dark,
      importErrors: undefined,
    });
    expect(gateReasons(isPrivate, TERMS)).toEqual([]);
    expect(gateReasons({ ...isPrivate, beat: { answer: undefined } }, TERMS).length).toBeGreaterThan(0);
  });

  test('forgives import errors that were there before, or that nobody could count before', () => {
    expect(gateReasons(look({ importErrors: 2 }), { ...TERMS, importErrorsBefore: 2 })).toEqual([]);
    const uncounted = { ...TERMS, importErrorsBefore: undefined };
    expect(gateReasons(look({ importErrors: undefined }), uncounted)).toEqual([]);
    expect(gateReasons(look({ importErrors: 2 }), uncounted)).toEqual([]);
  });

  test('forgives as many import errors as the other site has, which no change can have broken', () => {
    expect(gateReasons(look({ importErrors: 2, importErrorsElsewhere: 2 }), TERMS)).toEqual([]);
  });

  test('marks the first sign of life that it reads, and no later one', () => {
    const blind = markedBy(NO_MARKS, look({ health: dark, beat: dark }));
    expect(blind).toEqual(NO_MARKS);
    const first = markedBy(blind, WELL);
    expect(first).toEqual({ scheduler: T + 5_000, canary: beat.at });
    const later = look({ health: { answer: { ...health, latestSchedulerHeartbeat: T + 9_000 } } });
    expect(markedBy(first, later)).toEqual(first);
    expect(markedBy(NO_MARKS, look({ beat: { answer: undefined } })).canary).toBe('');
  });
});
