import { describe, expect, test } from '@jest/globals';
import { LARGEST_LEAP } from '../../../action/src/domain/control-record.ts';
import type { ControlRecord, Move } from '../../../action/src/domain/control-record.ts';
import { firstRecord } from '../../../action/src/domain/first-record.ts';
import type { StoredBeat } from '../../../action/src/domain/heartbeat.ts';
import { isDead, leaps, standingOf } from '../../../action/src/domain/standing.ts';
import type { Standing, StandingFacts } from '../../../action/src/domain/standing.ts';
import { iso } from '../../../action/src/domain/stored-json.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

const EAST = 'us-east-1';
const WEST = 'us-west-2';
const NOW = Date.parse('2026-11-24T12:00:00Z');
const HOUR = 3_600_000;

const activatedIn = (epoch: number, at = NOW - HOUR) => ({
  site: epoch % 2 === 0 ? EAST : WEST,
  epoch,
  at: iso(at),
  snapshot: null,
});

const moveOf = (epoch: number): Move => ({
  id: `mv-${epoch}-aaaaaaaa`,
  kind: 'failover',
  from: epoch % 2 === 0 ? WEST : EAST,
  to: epoch % 2 === 0 ? EAST : WEST,
  epoch,
  snapshot: '20261124T100000Z-e0-00000001',
  step: 'claimed',
  startedAt: iso(NOW),
  reason: 'x',
  actor: 'x',
  fence: null,
});

const record = (site: string, epoch: number, more: Partial<ControlRecord> = {}): ControlRecord => ({
  ...firstRecord(EXAMPLE_DEPLOYMENT, site, [], NOW),
  epoch,
  activated: activatedIn(epoch),
  ...more,
});

const claimed = (site: string, epoch: number, last: number): ControlRecord =>
  record(site, epoch, { phase: 'claimed', activated: activatedIn(last), move: moveOf(epoch) });

const beat = (site: string, role: 'active' | 'standby', epoch: number, at = NOW): StoredBeat => ({
  schemaVersion: 1,
  deployment: 'example',
  site,
  at: iso(at),
  role,
  epoch,
  hold: { installed: true, held: role === 'standby', unpausedUserDags: 0, liveUserRuns: 0 },
  fence: null,
  ageMilliseconds: 0,
});

function standing(records: readonly ControlRecord[], facts: Partial<StandingFacts> = {}): Standing {
  const dated = records.map((one) => ({ record: one, date: NOW }));
  const found = standingOf({ deployment: EXAMPLE_DEPLOYMENT, records: dated, beats: [], snapshots: [], ...facts });
  if (found === undefined) throw new Error('no record, no standing');
  return found;
}

const told = ({ record: { epoch, phase }, roles }: Standing) => [epoch, phase, roles.active === 0 ? EAST : WEST];

describe('Who is active', () => {
  test('nobody knows without a record', () => {
    expect(standingOf({ deployment: EXAMPLE_DEPLOYMENT, records: [], beats: [], snapshots: [] })).toBeUndefined();
  });

  test.each([
    ['the record of the higher epoch', [record(EAST, 0), record(WEST, 1)], [1, 'activated', WEST]],
    ['whatever the order', [record(WEST, 1), record(EAST, 0)], [1, 'activated', WEST]],
    [
      'while a move is claimed, still the side that it leaves',
      [record(EAST, 0), claimed(WEST, 1, 0)],
      [1, 'claimed', EAST],
    ],
    ['an activation that the loser alone has heard of', [claimed(WEST, 1, 0), record(EAST, 1)], [1, 'activated', WEST]],
    [
      'a claim without its move counts for nothing',
      [record(EAST, 0), { ...claimed(WEST, 1, 0), move: null }],
      [0, 'activated', EAST],
    ],
    [
      'nor does one that names the move of another epoch',
      [record(EAST, 0), { ...claimed(WEST, 1, 0), move: moveOf(3) }],
      [0, 'activated', EAST],
    ],
  ] as const)('%s', (_, records, expected) => {
    expect(told(standing(records))).toEqual(expected);
  });

  test('a heartbeat proves an activation that no record tells', () => {
    const beats = [beat(WEST, 'active', 1)];
    expect(told(standing([claimed(EAST, 1, 0), claimed(WEST, 1, 0)], { beats }))).toEqual([1, 'activated', WEST]);
    expect(told(standing([record(EAST, 0)], { beats }))).toEqual([1, 'activated', WEST]);
  });

  test('so does a snapshot, since only an active site takes any', () => {
    const snapshots = [
      { site: WEST, epoch: 1, at: '2026-11-24T11:30:00.000Z' },
      { site: EAST, epoch: 0, at: '2026-11-24T10:00:00.000Z' },
    ];
    const { record: known } = standing([claimed(WEST, 1, 0)], { snapshots });
    expect(known).toMatchObject({
      phase: 'activated',
      activated: { site: WEST, epoch: 1, at: '2026-11-24T11:30:00.000Z' },
    });
  });

  test('a site that obeys a higher epoch has seen it claimed', () => {
    const found = standing([record(EAST, 0)], { beats: [beat(EAST, 'standby', 1)] });
    expect(told(found)).toEqual([1, 'claimed', EAST]);
    expect(found.nobodyActive).toBe(true);
  });
});

describe('That nobody is active', () => {
  test.each([
    ['is said by the active site itself, once its beat is newer', beat(WEST, 'standby', 0, NOW), true],
    ['is not said by a beat from before the activation', beat(WEST, 'standby', 0, NOW - HOUR - 60_000), false],
    ['is said by a row of that very epoch', beat(WEST, 'standby', 1, NOW - 2 * HOUR), true],
    ['is not said by a site that is silent', undefined, false],
    ['is not said by one that calls itself active', beat(WEST, 'active', 1), false],
  ] as const)('%s', (_, west, expected) => {
    const beats = west === undefined ? [] : [west];
    expect(standing([record(EAST, 1), record(WEST, 1)], { beats }).nobodyActive).toBe(expected);
  });

  test('is said by the fenced side of a claim', () => {
    const beats = [beat(EAST, 'standby', 1)];
    expect(standing([claimed(EAST, 1, 0), claimed(WEST, 1, 0)], { beats }).nobodyActive).toBe(true);
  });
});

describe('The move under way', () => {
  test('is the claimed one of the ruling epoch', () => {
    const found = standing([claimed(EAST, 1, 0), claimed(WEST, 1, 0)]);
    expect([found.move?.id, found.isClaimed]).toEqual(['mv-1-aaaaaaaa', true]);
  });

  test('is told by the loser when the target cannot be read', () => {
    expect(standing([claimed(EAST, 1, 0)]).move?.id).toBe('mv-1-aaaaaaaa');
  });

  test('is over once the winner says so, whatever the loser still holds', () => {
    expect(standing([claimed(EAST, 1, 0), record(WEST, 1)]).move).toBeUndefined();
  });

  test('is one that is only planned, as long as nothing reaches its epoch', () => {
    const planned = record(WEST, 0, { move: moveOf(1) });
    const found = standing([record(EAST, 0), planned]);
    expect([found.move?.id, found.isClaimed]).toEqual(['mv-1-aaaaaaaa', false]);
    expect(standing([record(EAST, 2), planned]).move).toBeUndefined();
  });

  test('below the ruling epoch is dead', () => {
    const found = standing([record(EAST, 2), claimed(WEST, 1, 0)]);
    expect([found.move, isDead(moveOf(1), found), isDead(moveOf(3), found)]).toEqual([undefined, true, false]);
  });

  test('is not gone on with for what a heartbeat says, but only a record kills it', () => {
    const found = standing([claimed(WEST, 1, 0)], { beats: [beat(EAST, 'active', 2)] });
    expect([found.move, isDead(moveOf(1), found)]).toEqual([undefined, false]);
  });

  test('is not killed by a claim that counts for nothing', () => {
    const found = standing([{ ...claimed(EAST, 4, 0), move: null }, claimed(WEST, 1, 0)]);
    expect([found.move?.id, found.highest]).toEqual(['mv-1-aaaaaaaa', 4]);
  });
});

describe('The highest epoch', () => {
  test('is that of all records, heartbeats and snapshots', () => {
    const facts = { beats: [beat(EAST, 'standby', 5)], snapshots: [{ site: EAST, epoch: 6, at: iso(NOW) }] };
    expect(standing([record(EAST, 0)], facts).highest).toBe(6);
    expect(standing([{ ...claimed(WEST, 7, 0), move: null }]).highest).toBe(7);
  });

  test.each([
    ['at the bound', LARGEST_LEAP, LARGEST_LEAP],
    ['beyond it', LARGEST_LEAP + 1, 0],
  ])('counts no heartbeat and no snapshot that leaps above the records: %s', (_, epoch, expected) => {
    const site = epoch % 2 === 0 ? EAST : WEST;
    const told = [{ beats: [beat(site, 'active', epoch)] }, { snapshots: [{ site, epoch, at: iso(NOW) }] }];
    for (const facts of told) {
      const { highest, record: known } = standing([record(EAST, 0)], facts);
      expect([highest, known.epoch, known.activated.epoch]).toEqual([expected, expected, expected]);
    }
  });

  test('may not leap above all that is known', () => {
    const far = { ...claimed(WEST, 1_001, 1_001) };
    expect([leaps(far, [0]), leaps(far, [1]), leaps(far, [])]).toEqual([true, false, false]);
  });
});

describe('A lease', () => {
  const lease = { holder: 'run 1', nonce: 'n', purpose: 'failover', expiresAt: iso(NOW + 1) };

  test.each([EAST, WEST])('that runs in %s is known', (site) => {
    const records = [record(EAST, 0), record(WEST, 0)].map((one) => (one.site === site ? { ...one, lease } : one));
    expect(standing(records).lease).toEqual(lease);
  });

  test('that has run out is none', () => {
    expect(standing([record(EAST, 0, { lease: { ...lease, expiresAt: iso(NOW) } })]).lease).toBeUndefined();
  });
});
