import { describe, expect, test } from '@jest/globals';
import type { ControlRecord, Lease, Move } from '../../../action/src/domain/control-record.ts';
import { standingFindings, standingNotes } from '../../../action/src/domain/standing-findings.ts';
import type { Life } from '../../../action/src/domain/standing-findings.ts';
import { firstRecord } from '../../../action/src/domain/first-record.ts';
import type { StoredBeat } from '../../../action/src/domain/heartbeat.ts';
import type { Permission } from '../../../action/src/domain/move-permission.ts';
import { standingOf } from '../../../action/src/domain/standing.ts';
import { troubleOf } from '../../../action/src/domain/trouble.ts';
import type { Reach, StandingCase } from '../../../action/src/domain/trouble.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

const NOW = Date.parse('2026-11-24T10:30:00Z');
const [EAST, WEST] = EXAMPLE_DEPLOYMENT.sites.map(({ region }) => region) as [string, string];
const ISO = '2026-11-24T10:00:00Z';

const record = (region: string, change: Partial<ControlRecord> = {}): ControlRecord => ({
  ...firstRecord(EXAMPLE_DEPLOYMENT, region, [], Date.parse(ISO)),
  ...change,
});

const move = (to: string, epoch: number, step: Move['step']): Move => ({
  id: `mv-${epoch}-ab12cd34`,
  kind: 'failover',
  from: to === WEST ? EAST : WEST,
  to,
  epoch,
  snapshot: '20261124T101500Z-e0-ab12cd34',
  step,
  startedAt: ISO,
  reason: 'x',
  actor: 'x',
  fence: null,
});

const lease = (seconds: number, purpose = 'failover'): Lease => ({
  holder: 'run 1',
  nonce: 'n',
  purpose,
  expiresAt: new Date(NOW + seconds * 1000).toISOString(),
});

const beat = (site: string, role: 'active' | 'standby', epoch: number, secondsAgo = 30): StoredBeat => ({
  schemaVersion: 1,
  deployment: 'example',
  site,
  at: new Date(NOW - secondsAgo * 1000).toISOString(),
  role,
  epoch,
  hold: { installed: true, held: role === 'standby', unpausedUserDags: 2, liveUserRuns: 0 },
  fence: null,
  ageMilliseconds: secondsAgo * 1000,
});

interface Told {
  readonly east?: Partial<ControlRecord> | null;
  readonly west?: Partial<ControlRecord> | null;
  readonly beats?: readonly StoredBeat[];
  readonly reach?: readonly [Reach, Reach];
}

/** A deployment of which this is known; `null`: that record cannot be had. */
function caseOf({ east = {}, west = {}, beats = [], reach }: Told): StandingCase {
  const records = [
    ...(east === null ? [] : [{ record: record(EAST, east), date: NOW }]),
    ...(west === null ? [] : [{ record: record(WEST, west), date: NOW }]),
  ];
  const standing = standingOf({ deployment: EXAMPLE_DEPLOYMENT, records, beats, snapshots: [] });
  if (standing === undefined) throw new Error('there is no record');
  const seen: readonly [Reach, Reach] = [east === null ? 'dark' : 'there', west === null ? 'dark' : 'there'];
  return { deployment: EXAMPLE_DEPLOYMENT, standing, reach: reach ?? seen };
}

const claimed = (step: Move['step'] = 'claimed') =>
  ({ epoch: 1, phase: 'claimed', move: move(WEST, 1, step) }) as const;
const activated = {
  epoch: 1,
  phase: 'activated',
  activated: { site: WEST, epoch: 1, at: ISO, snapshot: null },
  move: move(WEST, 1, 'activated'),
} as const;
const held = [beat(EAST, 'standby', 1), beat(WEST, 'standby', 0)];

const brief = (told: Told, permission: Permission = 'confirm') =>
  standingFindings(caseOf(told), permission).map(({ name, command }) => [name, command?.inputs['target']]);

describe('Findings of who is active', () => {
  test.each<[string, Told, readonly (readonly [string, string])[]]>([
    ['one site is active and says so', { beats: [beat(EAST, 'active', 0), beat(WEST, 'standby', 0)] }, []],
    ['no heartbeat has come yet', {}, []],
    ['a move is only planned', { west: { move: move(WEST, 1, 'prepared') } }, []],
    ['a claimed move whose run lives', { west: { ...claimed(), lease: lease(30) }, beats: held }, []],
    [
      'a run works on it that nobody is active',
      { west: { lease: lease(30) }, beats: [beat(EAST, 'standby', 0), beat(WEST, 'standby', 0)] },
      [],
    ],
    [
      'a claimed move whose lease is over, the old side still working',
      { west: { ...claimed(), lease: lease(-1) }, beats: [beat(EAST, 'active', 0)] },
      [['move-stands', WEST]],
    ],
    [
      'the same, while somebody else than a move holds the lease',
      { west: { ...claimed(), lease: lease(30, 'reconcile') }, beats: [beat(EAST, 'active', 0)] },
      [['move-stands', WEST]],
    ],
    [
      'a claimed move whose lease is over, both sides held',
      { east: claimed(), west: claimed('fenced'), beats: held },
      [
        ['nobody-active', WEST],
        ['move-stands', WEST],
      ],
    ],
    [
      'the same, and its target is dark: home',
      { east: claimed(), west: null, beats: held },
      [
        ['nobody-active', EAST],
        ['move-stands', EAST],
      ],
    ],
    [
      'the same, and its target only hides its record from us',
      { east: claimed(), west: null, beats: held, reach: ['there', 'hidden'] },
      [
        ['nobody-active', WEST],
        ['move-stands', WEST],
      ],
    ],
    [
      'the same, and the record of its target is missing',
      { east: claimed(), west: null, beats: held, reach: ['there', 'absent'] },
      [
        ['nobody-active', WEST],
        ['move-stands', WEST],
      ],
    ],
    [
      'an activated move that nothing has confirmed',
      { east: claimed(), west: activated, beats: [beat(EAST, 'standby', 1), beat(WEST, 'active', 1)] },
      [['move-stands', WEST]],
    ],
    ['a dead move in the record of the side that lost', { east: claimed(), west: { ...activated, move: null } }, []],
    ['a claim without a move counts for nothing', { west: { epoch: 1, phase: 'claimed' } }, []],
    [
      'the active site was put to sleep by a claim that nobody knows any more',
      { beats: [beat(EAST, 'standby', 1), beat(WEST, 'standby', 0)] },
      [['nobody-active', EAST]],
    ],
    [
      'the same, and only the other site beats',
      { beats: [beat(EAST, 'standby', 1, 7_200), beat(WEST, 'standby', 0)] },
      [['nobody-active', WEST]],
    ],
    [
      'the same, and its Region is dark',
      { east: null, beats: [beat(EAST, 'standby', 1), beat(WEST, 'standby', 0, 7_200)] },
      [['nobody-active', WEST]],
    ],
  ])('%s', (_name, told, expected) => {
    expect(brief(told)).toEqual(expected);
  });

  test('a command has every input that the move asks for', () => {
    const [finding] = standingFindings(caseOf({ west: claimed() }), 'confirm');
    expect(finding?.command).toEqual({
      operation: 'failover',
      inputs: { target: WEST, reason: 'mv-1-ab12cd34 stands at claimed', confirm: 'example' },
    });
  });

  test('a command has the override where the verdict asks for it, and only there', () => {
    const asleep = { beats: [beat(EAST, 'standby', 0), beat(WEST, 'standby', 0)] };
    const override = (told: Told, permission: Permission) =>
      standingFindings(caseOf(told), permission)[0]?.command?.inputs['override'];
    expect([override(asleep, 'force'), override(asleep, 'confirm')]).toEqual(['force', undefined]);
  });

  test('an activated move whose target does not beat has none: a failover would wait for that beat in vain', () => {
    const told = (secondsAgo: number) =>
      caseOf({ east: activated, west: activated, beats: [beat(WEST, 'active', 1, secondsAgo)] });
    const found = (secondsAgo: number, life?: Life) => {
      const [finding] = standingFindings(told(secondsAgo), 'confirm', life);
      return [finding?.message.split('. ')[1]?.split(',')[0], finding?.command?.inputs['target']];
    };
    expect(found(30, 'alive')).toEqual([undefined, WEST]);
    expect(found(9_000, 'alive')).toEqual(['It lives', undefined]);
    expect(found(9_000, 'dead')).toEqual([undefined, EAST]);
    expect(found(9_000, 'unknown')).toEqual([undefined, WEST]);
    expect(found(9_000)).toEqual(['It does not beat: `check` says whether the move can be closed', undefined]);
  });

  test('a command to go on with a claim never has the override, whatever the verdict on its target', () => {
    for (const told of [{ west: claimed() }, { east: activated, west: activated }]) {
      const [finding] = standingFindings(caseOf(told), 'force', 'unknown');
      expect(finding?.command?.inputs).toMatchObject({ target: WEST });
      expect(finding?.command?.inputs['override']).toBeUndefined();
    }
  });

  test('a new claim is forced past a record that we may not read', () => {
    const asleep = caseOf({ west: null, beats: [beat(EAST, 'standby', 0)], reach: ['there', 'hidden'] });
    expect(standingFindings(asleep, 'confirm')[0]?.command?.inputs).toMatchObject({ target: EAST, override: 'force' });
    const stands = caseOf({ east: null, west: claimed(), reach: ['hidden', 'there'] });
    expect(standingFindings(stands, 'confirm')[0]?.command?.inputs['override']).toBeUndefined();
  });

  test('each says what is so in one sentence', () => {
    const says = (told: Told) => standingFindings(caseOf(told), 'confirm').map(({ message }) => message);
    expect(says({ east: claimed(), west: claimed(), beats: held })).toEqual([
      'nobody is active: us-east-1 itself says that it is a standby, in epoch 1, so that no DAG of yours runs anywhere',
      'mv-1-ab12cd34 to us-west-2 stands at claimed, and no run works on it any more: us-east-1 has stopped its DAGs for it, and us-west-2 has not started them yet',
    ]);
    expect(says({ west: activated, beats: [beat(WEST, 'active', 1)] })).toEqual([
      'mv-1-ab12cd34 to us-west-2 stands at activated, and no run works on it any more: us-west-2 is active, and the move is not closed yet',
    ]);
    expect(says({ east: claimed(), west: null, beats: [beat(EAST, 'active', 0)] })).toEqual([
      'mv-1-ab12cd34 to us-west-2 stands at claimed, and no run works on it any more: epoch 1 was claimed for us-west-2, and whether it is active there cannot be seen',
    ]);
  });
});

describe('Trouble with who is active', () => {
  test.each<[string, Told, string | undefined]>([
    ['there is none', { beats: [beat(EAST, 'active', 0)] }, undefined],
    ['a run prepares a move', { west: { lease: lease(30) } }, 'moving'],
    ['a run is at a claimed move', { west: { ...claimed(), lease: lease(30) }, beats: held }, 'moving'],
    [
      'a run prepares a move because nobody is active',
      { west: { lease: lease(30) }, beats: [beat(EAST, 'standby', 0)] },
      'stopped',
    ],
    ['a claimed move stands', { west: claimed() }, 'stopped'],
    ['a claimed move stands, and its target cannot be seen', { east: claimed(), west: null }, 'unclear'],
    [
      'a claimed move stands, and we may not read its target',
      { east: claimed(), west: null, reach: ['there', 'hidden'] },
      'unclear',
    ],
    ['an activated move stands', { west: activated }, 'unconfirmed'],
    [
      'an activated move stands, and its target says that it is a standby',
      { west: activated, beats: [beat(WEST, 'standby', 1)] },
      'stopped',
    ],
    ['the active site says that it is a standby', { beats: [beat(EAST, 'standby', 0)] }, 'stopped'],
    [
      'it does, by a claim for a site that cannot be seen',
      { west: null, beats: [beat(EAST, 'standby', 1)] },
      'unclear',
    ],
  ])('%s', (_name, told, kind) => {
    expect(troubleOf(caseOf(told))?.kind).toBe(kind);
  });

  test('a move that is under way is a line and no finding', () => {
    const told = caseOf({ west: { ...claimed(), lease: lease(30) } });
    expect(standingNotes(told)).toEqual([
      'mv-1-ab12cd34 to us-west-2 is under way and has come to claimed; its run holds the lease until 2026-11-24T10:30:30.000Z',
    ]);
    expect(standingFindings(told, 'confirm')).toEqual([]);
    expect(standingNotes(caseOf({ west: { lease: lease(30) } }))[0]).toMatch(/^a move is being prepared/);
    expect(standingNotes(caseOf({}))).toEqual([]);
  });

  test('so are DAGs of before the move that have not come up yet', () => {
    const waits = (names: readonly string[], total = names.length) =>
      standingNotes(
        caseOf({
          beats: [{ ...beat(EAST, 'active', 0), late: { total, dags: [...names], unpausedTotal: 0, unpaused: [] } }],
        }),
      );
    expect(waits([])).toEqual([]);
    expect(waits(['orders'])).toEqual([
      'one DAG of before the move is not parsed in us-east-1 yet (orders): it comes up as it was before the move, with its runs, once its file can be parsed',
    ]);
    expect(waits(['a', 'b', 'c', 'd', 'e', 'f'], 240)[0]).toContain('240 DAGs of before the move');
    expect(waits(['a', 'b', 'c', 'd', 'e', 'f'], 240)[0]).toContain('(a, b, c, d, e and 235 more)');
  });
});
