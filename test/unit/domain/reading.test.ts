import { describe, expect, test } from '@jest/globals';
import type { Deployment } from '../../../action/src/domain/deployment.ts';
import { firstRecord } from '../../../action/src/domain/first-record.ts';
import { parseHeartbeat } from '../../../action/src/domain/heartbeat.ts';
import type { StoredBeat } from '../../../action/src/domain/heartbeat.ts';
import { parseObservations } from '../../../action/src/domain/observation.ts';
import type { Reading } from '../../../action/src/domain/observation.ts';
import type { Work } from '../../../action/src/domain/ports.ts';
import { readingOf } from '../../../action/src/domain/reading.ts';
import type { Probes } from '../../../action/src/domain/reading.ts';
import { standingOf } from '../../../action/src/domain/standing.ts';
import type { Reach, StandingCase } from '../../../action/src/domain/trouble.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const [EAST, WEST] = EXAMPLE_DEPLOYMENT.sites.map(({ region }) => region) as [string, string];
const missing = { answer: undefined };

const probes: Probes = {
  activeEnvironment: missing,
  activeMetric: { answer: { sums: [undefined, undefined], existed: false } },
  activeAirflow: { answer: { metadatabase: false, scheduler: true, latestSchedulerHeartbeat: undefined } },
  activeStorage: { fault: 'error', detail: 'NoSuchBucket' },
  activeIdentity: { answer: 'arn' },
  standbyEnvironment: missing,
  standbyStorage: { fault: 'denied', detail: 'x' },
  standbyIdentity: { answer: 'arn' },
  standbyAirflow: { answer: { reasons: [], missing: [] } },
  heartbeat: missing,
  standbyHeartbeat: missing,
  snapshot: missing,
  work: missing,
  extraMetrics: { answer: [] },
};

interface Told {
  readonly probes?: Partial<Probes>;
  readonly known?: StandingCase;
  readonly before?: Reading;
  readonly deployment?: Deployment;
  readonly at?: number;
}

const take = ({ probes: more = {}, known, before, deployment = EXAMPLE_DEPLOYMENT, at = NOW }: Told = {}) =>
  readingOf(deployment, { at, clock: 's3' }, { ...probes, ...more }, known, before ? [before] : []);
const signalOf = (name: keyof Reading['signals'], told: Told = {}) => take(told).signals[name];
const quality = (name: keyof Reading['signals'], more: Partial<Probes> = {}) =>
  signalOf(name, { probes: more }).quality;

const beat = (site: string, change: Partial<StoredBeat> = {}): StoredBeat => ({
  schemaVersion: 1,
  deployment: 'example',
  site,
  at: new Date(NOW - 30_000).toISOString(),
  role: site === EAST ? 'active' : 'standby',
  epoch: 0,
  hold: { installed: true, held: site !== EAST, unpausedUserDags: 2, liveUserRuns: 0 },
  fence: null,
  ageMilliseconds: 30_000,
  ...change,
});

function knownOf(beats: readonly StoredBeat[], reach: readonly [Reach, Reach] = ['there', 'there']): StandingCase {
  const records = [EAST, WEST].map((region) => ({
    record: firstRecord(EXAMPLE_DEPLOYMENT, region, [], NOW - 3_600_000),
    date: NOW,
  }));
  const standing = standingOf({ deployment: EXAMPLE_DEPLOYMENT, records, beats, snapshots: [] });
  if (standing === undefined) throw new Error('there is no record');
  return { deployment: EXAMPLE_DEPLOYMENT, standing, reach };
}

describe('A reading', () => {
  test('tells what is not there from what is bad', () => {
    expect(quality('activeEnvironment')).toBe('bad');
    expect(quality('activeMetric')).toBe('none');
    expect(quality('activeMetric', { activeMetric: { answer: { sums: [undefined, 0], existed: true } } })).toBe('bad');
    expect(quality('activeMetric', { activeMetric: { answer: { sums: [0, 1], existed: true } } })).toBe('good');
    expect(quality('activeAirflow')).toBe('bad');
    expect(quality('activeStorage')).toBe('none');
    expect(quality('standbyStorage')).toBe('denied');
    expect(quality('heartbeat')).toBe('none');
    expect(quality('hold')).toBe('none');
    expect(quality('snapshot')).toBe('bad');
    expect(quality('role')).toBe('dark');
    expect(quality('work')).toBe('none');
    expect(quality('activePeer')).toBe('none');
  });

  test('remembers since when an update runs', () => {
    const update = { status: 'UPDATING', createdAt: NOW - 60_000 };
    const answer = {
      name: 'e',
      status: 'UPDATING',
      airflowVersion: '2.10.3',
      lastUpdate: update,
      environmentClass: 'x',
      dagS3Path: 'd',
      raw: {},
    };
    const first = take({ probes: { activeEnvironment: { answer } } });
    expect(first.status).toEqual({ name: 'UPDATING', since: '2026-11-24T09:59:00.000Z' });
    const again = { activeEnvironment: { answer: { ...answer, lastUpdate: undefined } } };
    expect(take({ probes: again, before: first, at: NOW + 60_000 }).status).toEqual(first.status);
    const failed = { ...answer, status: 'CREATE_FAILED' };
    expect(quality('activeEnvironment', { activeEnvironment: { answer: failed } })).toBe('bad');
  });

  test.each([
    [1, 'good', 'UPDATING'],
    [3, 'bad', 'its environment is UPDATING for 3 h'],
  ])('calls a standby that updates for %i h, and beats, %s', (hours, expected, value) => {
    const answer = {
      ...{ name: 'e', status: 'UPDATING', airflowVersion: '2.10.3', environmentClass: 'x', dagS3Path: 'd', raw: {} },
      lastUpdate: { status: 'UPDATING', createdAt: NOW - hours * 3_600_000 },
    };
    const told = { probes: { standbyEnvironment: { answer } }, known: knownOf([beat(EAST), beat(WEST)]) };
    expect(signalOf('standbyEnvironment', told)).toEqual({ quality: expected, value });
  });

  test('says whose clock it goes by', () => {
    expect(take()).toMatchObject({ at: '2026-11-24T10:00:00.000Z', clock: 's3' });
  });

  test('of an earlier release is read: what was not asked then is none, and its time was its own', () => {
    const { signals, ...rest } = take();
    const { activeMetric, heartbeat } = signals;
    const { clock: _clock, ...old } = { ...rest, signals: { activeMetric, heartbeat } };
    const stored = { schemaVersion: 1, observer: 'action', site: EAST, readings: [old] };
    const [read] = parseObservations(Buffer.from(JSON.stringify(stored)), 'x').readings;
    expect(read?.signals.work).toEqual({ quality: 'none', value: 'not asked' });
    expect(read?.clock).toBe('runner');
  });
});

describe("The active site's heartbeat", () => {
  const seen = (there: StoredBeat | undefined, newest: readonly StoredBeat[]) =>
    signalOf('heartbeat', { probes: { heartbeat: { answer: there } }, known: knownOf(newest) });
  const old = beat(EAST, { ageMilliseconds: 3_600_000 });

  test('is good wherever it is fresh', () => {
    expect(seen(beat(EAST), [beat(EAST)])).toEqual({ quality: 'good', value: 'last beat 30 s ago' });
    expect(seen(old, [beat(EAST)])).toEqual({
      quality: 'good',
      value: 'last beat 30 s ago, seen only in its own Region',
    });
    expect(seen(undefined, [beat(EAST)]).quality).toBe('good');
  });

  test('is what the standby has of it where it is not', () => {
    expect(seen(old, [old])).toEqual({ quality: 'bad', value: 'last beat 60 min ago' });
    expect(seen(undefined, []).quality).toBe('none');
  });

  test('is what lies in its own bucket where the standby does not say what it has', () => {
    const dark = { heartbeat: { fault: 'dark', detail: 'x' } } as const;
    expect(signalOf('heartbeat', { probes: dark, known: knownOf([old]) })).toEqual({
      quality: 'bad',
      value: 'last beat 60 min ago, seen only in its own Region',
    });
    expect(signalOf('heartbeat', { probes: dark, known: knownOf([]) }).quality).toBe('dark');
  });
});

describe('Work', () => {
  test.each<[string, Omit<Work, 'of'>, string]>([
    ['tasks are due and none starts', { queued: 3, running: 0, startedSince: 0, ourWaiting: 0 }, 'bad'],
    ['tasks are due and some start', { queued: 3, running: 0, startedSince: 1, ourWaiting: 0 }, 'good'],
    ['nothing is due', { queued: 0, running: 0, startedSince: 0, ourWaiting: 0 }, 'none'],
    ['all slots are taken by long tasks', { queued: 3, running: 5, startedSince: 0, ourWaiting: 0 }, 'none'],
    [
      'nobody knows what has started, and nothing runs',
      { queued: 3, running: 0, startedSince: undefined, ourWaiting: undefined },
      'bad',
    ],
  ])('when %s', (_name, work, expected) => {
    expect(quality('work', { work: { answer: { ...work, of: 'Airflow' } } })).toBe(expected);
  });

  test('says what was counted, and by whom', () => {
    const work = {
      answer: { queued: 3, running: 0, startedSince: undefined, ourWaiting: undefined, of: 'CloudWatch' },
    } as const;
    expect(signalOf('work', { probes: { work } }).value).toBe(
      '3 queued, 0 running, none known to have started in the last 6 min, says CloudWatch',
    );
  });
});

describe('Metrics of the team', () => {
  const metric = (name: string, badWhen: Deployment['health']['extraMetrics'][number]['badWhen']) => ({
    namespace: 'Team',
    name,
    dimensions: {},
    statistic: 'Sum' as const,
    badWhen,
  });
  const orders = metric('Orders', { lessThan: 1 });
  const errors = metric('Errors', { greaterThan: 5 });
  const seen = (metrics: Deployment['health']['extraMetrics'], values: readonly (readonly (number | undefined)[])[]) =>
    signalOf('extraMetrics', {
      deployment: { ...EXAMPLE_DEPLOYMENT, health: { ...EXAMPLE_DEPLOYMENT.health, extraMetrics: metrics } },
      probes: { extraMetrics: { answer: values } },
    });

  test.each([
    ['one is bad in every period', [orders], [[0, 0.5]], 'bad'],
    ['one is above its bound in every period', [errors], [[6, 9]], 'bad'],
    ['it is at its bound', [errors], [[5, 5]], 'good'],
    ['it is good in one period', [orders], [[0, 1]], 'good'],
    ['there is no data in one period', [orders], [[0, undefined]], 'none'],
    ['there is no data', [orders], [[undefined, undefined]], 'none'],
    ['CloudWatch answers for none of them', [orders], [], 'none'],
    [
      'one of two is bad',
      [orders, errors],
      [
        [7, 7],
        [6, 6],
      ],
      'bad',
    ],
    [
      'one of two is good and nothing is known of the other',
      [orders, errors],
      [
        [7, 7],
        [undefined, 6],
      ],
      'good',
    ],
    ['there are none', [], [], 'none'],
  ])('when %s', (_name, metrics, values, expected) => {
    expect(seen(metrics, values).quality).toBe(expected);
  });

  test('are named with what was measured', () => {
    expect(
      seen(
        [orders, errors],
        [
          [0, 0],
          [undefined, 6],
        ],
      ).value,
    ).toBe('Orders 0, 0; Errors no data, 6');
  });
});

describe('What a site can read of the control records', () => {
  const reads = (read: string, own = 'good') => ({ peer: { read }, control: { own } });
  const seen = (site: 'activePeer' | 'standbyPeer', beats: readonly StoredBeat[], reach?: readonly [Reach, Reach]) =>
    signalOf(site, { known: knownOf(beats, reach) });

  test('is its own word, and bad when we can read what it cannot', () => {
    expect(seen('activePeer', [beat(EAST, reads('good'))]).quality).toBe('good');
    expect(seen('activePeer', [beat(EAST, reads('dark'))])).toEqual({ quality: 'bad', value: 'us-west-2: dark' });
    expect(seen('activePeer', [beat(EAST, reads('good', 'denied'))])).toEqual({
      quality: 'bad',
      value: 'us-east-1: denied',
    });
    expect(seen('standbyPeer', [beat(WEST, reads('missing'))])).toEqual({
      quality: 'bad',
      value: 'us-east-1: missing',
    });
  });

  test('says nothing when we cannot read it either, when the canary is silent, or does not say', () => {
    expect(seen('activePeer', [beat(EAST, reads('dark'))], ['there', 'dark']).quality).toBe('none');
    expect(seen('activePeer', [beat(EAST, { ...reads('dark'), ageMilliseconds: 3_600_000 })]).quality).toBe('none');
    expect(seen('activePeer', []).quality).toBe('none');
    expect(seen('activePeer', [beat(EAST)]).quality).toBe('none');
  });
});

describe('A heartbeat', () => {
  const stored = (change: object) => {
    const { ageMilliseconds: _age, ...body } = beat(EAST);
    return parseHeartbeat(Buffer.from(JSON.stringify({ ...body, ...change })), 'x');
  };

  test('of an older canary says nothing of the records, and is one all the same', () => {
    expect(stored({})).toMatchObject({ role: 'active' });
    expect(stored({}).peer).toBeUndefined();
  });

  test('may have more in it, and other forms of what is only told', () => {
    const hold = { installed: true, held: false, unpausedUserDags: 0, liveUserRuns: 0, userDags: 3, more: 1 };
    const fence = { epoch: 1, grade: 'stopped', at: 'x', stopped: 3, more: [] };
    const read = stored({ hold, fence, peer: { read: 'dark', epoch: null, at: 'x' }, control: 'unknown' });
    expect(read).toMatchObject({ hold: { userDags: 3 }, fence: { grade: 'stopped' }, peer: { read: 'dark' } });
    expect(read.control).toBeUndefined();
  });
});
