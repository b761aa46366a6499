import { describe, expect, test } from '@jest/globals';
import { findingsOf } from '../../../action/src/domain/findings.ts';
import type { FindingFacts } from '../../../action/src/domain/findings.ts';
import type { ControlRecord } from '../../../action/src/domain/control-record.ts';
import { firstRecord } from '../../../action/src/domain/first-record.ts';
import type { StoredBeat } from '../../../action/src/domain/heartbeat.ts';
import { SIGNALS } from '../../../action/src/domain/observation.ts';
import type { Observations, Reading, Signal, SignalName } from '../../../action/src/domain/observation.ts';
import { standingOf } from '../../../action/src/domain/standing.ts';
import { judge } from '../../../action/src/domain/verdict.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

const NOW = Date.parse('2026-11-24T10:30:00Z');
const PERIOD = 300_000;
const [EAST, WEST] = EXAMPLE_DEPLOYMENT.sites.map(({ region }) => region) as [string, string];

const move: NonNullable<ControlRecord['move']> = {
  ...{ id: 'mv-1-a', from: EAST, to: WEST, epoch: 1, snapshot: 'x', fence: null, reason: 'x', actor: 'x' },
  ...{ kind: 'failover', step: 'claimed', startedAt: '2026-11-24T10:20:00Z' },
};
const CLAIMED = { epoch: 1, phase: 'claimed', move } as const;
const activatedAt = (at: string) => ({ site: EAST, epoch: 0, at, snapshot: null });
const NEWEST = { answer: '20261124T102500Z-e0-0a1b2c3d' };

type Qualities = Partial<Record<SignalName, Signal['quality']>>;

const readingAt = (at: number, qualities: Qualities): Reading => ({
  at: new Date(at).toISOString(),
  clock: 's3',
  signals: Object.fromEntries(
    SIGNALS.map((name) => [name, { quality: qualities[name] ?? 'good', value: `value of ${name}` }]),
  ) as Reading['signals'],
  status: { name: 'AVAILABLE', since: new Date(NOW - PERIOD).toISOString() },
});

interface Told {
  /** Of the standby's record. */
  readonly west?: Partial<ControlRecord>;
  readonly both?: Partial<ControlRecord>;
  /** One a period, the newest last. */
  readonly readings?: readonly Qualities[];
  readonly hold?: Partial<StoredBeat['hold']>;
  readonly beat?: Partial<StoredBeat>;
  readonly pauses?: FindingFacts['lastPauses'];
  readonly ourPauses?: FindingFacts['ourPauses'];
  readonly snapshot?: FindingFacts['snapshot'];
  readonly neverBeaten?: readonly string[];
}

function findings({
  readings = [{}],
  hold = {},
  beat = {},
  pauses,
  ourPauses = [],
  west = {},
  snapshot = NEWEST,
  neverBeaten = [],
  both = {},
}: Told) {
  const records = [EAST, WEST].map((region) => ({
    record: {
      ...firstRecord(EXAMPLE_DEPLOYMENT, region, [], NOW - 3_600_000),
      ...both,
      ...(region === WEST ? west : {}),
    },
    date: NOW,
  }));
  const own: StoredBeat = {
    schemaVersion: 1,
    deployment: 'example',
    site: EAST,
    at: new Date(NOW - 30_000).toISOString(),
    role: 'active',
    epoch: 0,
    hold: { installed: true, held: false, unpausedUserDags: 2, liveUserRuns: 0, userDags: 3, ...hold },
    fence: null,
    ageMilliseconds: 30_000,
    ...beat,
  };
  const { late: _, ...plain } = own;
  const other: StoredBeat = { ...plain, site: WEST, role: 'standby', hold: { ...own.hold, held: true } };
  const beats = [own, other].filter(({ site }) => !neverBeaten.includes(site));
  const standing = standingOf({ deployment: EXAMPLE_DEPLOYMENT, records, beats, snapshots: [] });
  if (standing === undefined) throw new Error('there is no record');
  const observer: Observations = {
    schemaVersion: 1,
    observer: 'me',
    site: EAST,
    readings: readings.map((qualities, index) => readingAt(NOW - (readings.length - 1 - index) * PERIOD, qualities)),
  };
  const seen = { periods: EXAMPLE_DEPLOYMENT.health, now: NOW, observer, others: [] };
  const reach = ['there', 'there'] as const;
  const verdict = judge(seen);
  const facts = { deployment: EXAMPLE_DEPLOYMENT, standing, reach, verdict, seen };
  return findingsOf({
    ...facts,
    lastPauses: pauses,
    ourPauses,
    pausesUnread: undefined,
    useless: [false, false],
    hasCopy: true,
    snapshot,
    notThere: [],
    other: undefined,
  });
}

const names = (told: Told) => findings(told).findings.map(({ name }) => name);

test('A site that is well has none', () => {
  expect(findings({ readings: [{}, {}] })).toEqual({ findings: [], notes: [] });
});

describe('All DAGs of the user are paused', () => {
  const all = { hold: { unpausedUserDags: 0 } };

  test('though some were not at the newest snapshot: it is red, and they are named', () => {
    const pauses = { unpaused: ['invoices', 'orders', 'mwaadr_canary'], paused: ['report'] };
    expect(findings({ ...all, pauses })).toEqual({
      findings: [
        {
          name: 'all-paused',
          message:
            'all DAGs of yours in us-east-1 are paused, though 2 were not at the newest snapshot (invoices, orders): unpause them in Airflow of example-us-east-1, unless they were paused on purpose',
        },
      ],
      notes: [],
    });
  });

  test('names a few of many, and counts the rest', () => {
    const unpaused = Array.from({ length: 40 }, (_, index) => `dag_${index}`);
    const [finding] = findings({ ...all, pauses: { unpaused, paused: [] } }).findings;
    expect(finding?.message).toContain(
      '40 were not at the newest snapshot (dag_0, dag_1, dag_2, dag_3, dag_4 and 35 more)',
    );
    const [one] = findings({ ...all, pauses: { unpaused: ['orders'], paused: [] } }).findings;
    expect(one?.message).toContain('though one was not at the newest snapshot (orders)');
  });

  test('by a move that did not come to its end: it is red, whatever the newest snapshot says by now', () => {
    const told = { ...all, pauses: { unpaused: [], paused: ['invoices', 'orders'] }, ourPauses: ['invoices'] };
    expect(findings(told).findings.map(({ message }) => message)).toEqual([
      'all DAGs of yours in us-east-1 are paused, 1 of them by a move that did not come to its end (invoices): unpause them in Airflow of example-us-east-1, unless they were paused on purpose',
    ]);
    expect(findings({ ourPauses: ['invoices'] }).findings).toEqual([]);
  });

  test('but for those that have no file: nobody can unpause them, and they are found as such', () => {
    const late = { total: 1, dags: ['orders'], unpausedTotal: 1, unpaused: ['orders'] };
    const told = {
      ...all,
      beat: { late },
      pauses: { unpaused: ['orders'], paused: ['report'] },
      ourPauses: ['orders'],
    };
    expect(names(told)).not.toContain('all-paused');
    expect(names({ ...told, ourPauses: ['orders', 'report'] })).toContain('all-paused');
  });

  test('as they were at the newest snapshot: a team may do that, and it is a line', () => {
    const pauses = { unpaused: ['mwaadr_canary'], paused: ['invoices', 'orders'] };
    expect(findings({ ...all, pauses })).toEqual({
      findings: [],
      notes: ['all DAGs of yours in us-east-1 are paused, as they were at the newest snapshot'],
    });
  });

  const pauses = { unpaused: ['orders'], paused: [] };
  test.each<[string, Told]>([
    ['one is not', { hold: { unpausedUserDags: 1 }, pauses }],
    ['there are none', { hold: { unpausedUserDags: 0, userDags: 0 }, pauses }],
    ['no snapshot tells', all],
    ['the beat is old', { ...all, pauses, beat: { ageMilliseconds: 3_600_000 } }],
    ['the site is a standby', { ...all, pauses, beat: { role: 'standby', epoch: -1, at: '2026-11-24T08:00:00Z' } }],
  ])('is not said when %s', (_name, told) => {
    expect(findings(told)).toEqual({ findings: [], notes: [] });
  });

  test('is not said of the side that a move leaves: the move has paused them', () => {
    expect(names({ ...all, pauses, west: CLAIMED })).toEqual(['move-stands']);
  });

  test('is said by an older canary, too, which does not count the DAGs', () => {
    expect(names({ hold: { unpausedUserDags: 0, userDags: undefined }, pauses })).toEqual(['all-paused']);
  });
});

describe('A site that has never beaten', () => {
  const none: Qualities = { heartbeat: 'none', activeEnvironment: 'denied' };

  test('is found long after its first beat was due, though nobody has seen it fall silent', () => {
    expect(names({ neverBeaten: [EAST], readings: [none, none] })).toEqual(['canary-silent']);
    expect(names({ neverBeaten: [EAST], readings: [none] })).toEqual([]);
  });

  test.each<[string, Told]>([
    ['its first beat is not due yet', { both: { activated: activatedAt('2026-11-24T10:20:00Z') } }],
    ['it has beaten, and only the standby does not know', { neverBeaten: [] }],
    ['its environment is just being made', { readings: [{ heartbeat: 'none' }, { heartbeat: 'none' }] }],
  ])('is not called so while %s', (_name, told) => {
    expect(names({ neverBeaten: [EAST], readings: [none, none], ...told })).toEqual([]);
  });
});

describe('No snapshot comes', () => {
  const MINUTE = 60_000;
  const taken = (minutes: number) => ({
    answer: `${new Date(NOW - minutes * MINUTE).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-e0-0a1b2c3d`,
  });

  test('for several objectives: what a move would lose grows with every hour', () => {
    expect(names({ snapshot: taken(170) })).toEqual([]);
    expect(findings({ snapshot: taken(190) }).findings).toEqual([
      {
        name: 'unprotected',
        message:
          'the newest snapshot in us-west-2 is 3 h old, the objective is 15 min: a move would lose all work since. Look at mwaadr_snapshot in Airflow of example-us-east-1, whether it is paused and why its last run failed, then at the replication from us-east-1',
      },
    ]);
    const both = { activated: activatedAt('2026-11-24T06:30:00Z') };
    expect(findings({ snapshot: { answer: undefined }, both }).findings[0]?.message).toContain(
      'no snapshot of us-east-1 has come to us-west-2 since it became active 4 h ago',
    );
    expect(names({ snapshot: { answer: undefined } })).toEqual([]);
  });

  test.each<[string, Told]>([
    ['the standby cannot be asked', { snapshot: { fault: 'dark', detail: 'x' } }],
    ['no task of ours runs, which is found by itself', { readings: [{ heartbeat: 'bad' }] }],
    ['the site is dead', { readings: [{ activeMetric: 'bad', activeAirflow: 'bad', heartbeat: 'none' }] }],
    ['a move is claimed', { west: CLAIMED }],
  ])('is not said when %s', (_name, told) => {
    expect(names({ snapshot: taken(500), ...told })).not.toContain('unprotected');
  });
});

describe('A site that cannot read its control records', () => {
  test.each([
    ['activePeer', EAST],
    ['standbyPeer', WEST],
  ] as const)('(%s) is named after as many periods as a verdict takes, not after one reading', (signal, region) => {
    const bad: Qualities = { [signal]: 'bad' };
    expect(names({ readings: [bad] })).toEqual([]);
    expect(names({ readings: [bad, bad] })).toEqual(['peer-unreadable']);
    expect(names({ readings: [bad, {}, bad] })).toEqual([]);
    expect(names({ readings: [bad, bad, {}] })).toEqual([]);
    expect(findings({ readings: [bad, bad] }).findings[0]).toEqual({
      name: 'peer-unreadable',
      message: expect.stringContaining(`${region} cannot read its control records, although we can`) as unknown,
    });
  });
});

describe('Nothing runs', () => {
  const still: Qualities = { work: 'bad', heartbeat: 'bad' };

  test('is said with the verdict, and with the move that it allows', () => {
    expect(names({ readings: [still] })).toEqual([]);
    expect(findings({ readings: [still, still] }).findings).toEqual([
      {
        name: 'nothing-runs',
        message:
          'tasks are due in us-east-1, and none starts (value of work): look at the workers of example-us-east-1 first, and move if they cannot be brought back',
        command: {
          operation: 'failover',
          inputs: { target: WEST, reason: 'no task starts in us-east-1', confirm: 'example' },
        },
      },
    ]);
  });

  test('is not said where the verdict is another one', () => {
    const stopped: Qualities = { ...still, role: 'bad' };
    expect(names({ readings: [stopped, stopped] })).toEqual([]);
  });

  test('is not said while the canary beats', () => {
    const beating: Qualities = { ...still, heartbeat: 'good' };
    expect(names({ readings: [beating, beating] })).toEqual([]);
  });
});
