import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { ControlRecord, Move } from '../../../action/src/domain/control-record.ts';
import { LARGEST_EPOCH, LARGEST_LEAP, parseControlRecord } from '../../../action/src/domain/control-record.ts';
import { effective, isClaim, ruling } from '../../../action/src/domain/epoch.ts';
import { firstRecord } from '../../../action/src/domain/first-record.ts';
import { readingOf } from '../../doubles/model-records.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

const ROOT = join(import.meta.dirname, '../../..');
const REGIONS = EXAMPLE_DEPLOYMENT.sites.map(({ region }) => region);
const NOW = Date.parse('2026-11-24T10:00:00Z');

/** Asks the rules that the DR DAGs go by: every case at once, since a Python takes its time to start. */
function askDags(program: string, cases: unknown): unknown {
  const code = `import json, sys
sys.path.insert(0, ${JSON.stringify(join(ROOT, 'dags'))})
from mwaadr.core.rulings import *
regions = ${JSON.stringify(REGIONS)}
print(json.dumps([${program} for case in json.load(sys.stdin)]))`;
  const ran = spawnSync('python3', ['-B', '-c', code], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (ran.status !== 0) throw ran.error ?? new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}

const moveOf = (epoch: number): Move => ({
  id: `mv-${epoch}-aaaaaaaa`,
  kind: 'failover',
  from: REGIONS[1 - (epoch % 2)] ?? '',
  to: REGIONS[epoch % 2] ?? '',
  epoch,
  snapshot: '20261124T100000Z-e0-00000001',
  step: 'claimed',
  startedAt: '2026-11-24T10:00:00Z',
  reason: 'x',
  actor: 'x',
  fence: null,
});

/** Every record that could be written with small epochs, also those that no move writes. */
function records(site: string): readonly ControlRecord[] {
  const found: ControlRecord[] = [];
  for (let epoch = 0; epoch <= 4; epoch += 1) {
    for (let last = 0; last <= epoch; last += 1) {
      const activated = { site: REGIONS[last % 2] ?? '', epoch: last, at: '2026-11-24T09:00:00Z', snapshot: null };
      for (const move of [null, moveOf(epoch), moveOf(epoch + 1)]) {
        const base = { ...firstRecord(EXAMPLE_DEPLOYMENT, site, [], NOW), epoch, activated, move };
        found.push(
          { ...base, phase: 'claimed' },
          ...(last === epoch ? [{ ...base, phase: 'activated' } as const] : []),
        );
      }
    }
  }
  return found;
}

const short = (record: ControlRecord | undefined | null) =>
  record ? `${record.site} ${record.epoch} ${record.phase} ${record.activated.epoch}` : 'none';

describe('The action and the DR DAGs', () => {
  const [east, west] = [records(REGIONS[0] ?? ''), records(REGIONS[1] ?? '')];

  test('agree on what a record counts for', () => {
    const all = [...east, ...west];
    const theirs = askDags('effective(case)', all) as ControlRecord[];
    expect(theirs.map(short)).toEqual(all.map((record) => short(effective(record))));
    expect(all.length).toBeGreaterThan(100);
  });

  test('agree on which of two records rules, whatever both say and in whatever order', () => {
    const pairs = east.flatMap((one) =>
      west.flatMap((other) => [
        [one, other],
        [other, one],
      ]),
    );
    const theirs = askDags('ruling(case, regions)', pairs) as (ControlRecord | null)[];
    const differing = pairs.filter((pair, index) => short(theirs[index]) !== short(ruling(EXAMPLE_DEPLOYMENT, pair)));
    expect(differing.map((pair) => pair.map(short)).slice(0, 3)).toEqual([]);
    expect(pairs.length).toBeGreaterThan(5_000);
  });

  test.each([
    ['a text', 'mv-1-aaaaaaaa', true],
    ['a number', 1, false],
    ['nothing', null, false],
    ['left out', undefined, false],
  ])('agree, and the doubles with them, that a claim needs the id of its move as a text: %s', (_, id, isGood) => {
    const site = REGIONS[1] ?? '';
    const first = firstRecord(EXAMPLE_DEPLOYMENT, site, [], NOW);
    const record = { ...first, epoch: 1, phase: 'claimed', move: { ...moveOf(1), id } };
    const body = Buffer.from(JSON.stringify(record), 'utf8');
    const read = () => isClaim(parseControlRecord(body, 'x', { deployment: 'example', site }));
    if (isGood) expect(read()).toBe(true);
    else expect(read).toThrow(/move.id/);
    expect(readingOf(body).record?.phase).toBe(isGood ? 'claimed' : 'activated');
    expect(askDags('effective(case)["phase"]', [record])).toEqual([isGood ? 'claimed' : 'activated']);
  });

  test.each([
    ['the highest epoch', LARGEST_EPOCH, LARGEST_EPOCH - LARGEST_LEAP, true],
    ['one above it', LARGEST_EPOCH + 1, LARGEST_EPOCH, false],
    ['the longest leap', LARGEST_LEAP, 0, true],
    ['one beyond it', LARGEST_LEAP + 1, 0, false],
    ['less than nothing', -1, -1, false],
    ['half of one', 0.5, 0, false],
  ])('agree on the bounds of an epoch: %s', (_, epoch, last, isGood) => {
    const site = REGIONS[0] ?? '';
    const first = firstRecord(EXAMPLE_DEPLOYMENT, site, [], NOW);
    const record = { ...first, epoch, phase: 'claimed', activated: { ...first.activated, epoch: last }, move: null };
    const body = Buffer.from(JSON.stringify(record), 'utf8');
    const read = () => parseControlRecord(body, 'x', { deployment: 'example', site });
    if (isGood) expect(read().epoch).toBe(epoch);
    else expect(read).toThrow(/epoch/);
    expect(askDags('checked(case) is not None', [record])).toEqual([isGood]);
  });
});
