import { expect, it } from '@jest/globals';
import { describeLoss, lastSignOf, mostLost, snapshotAge } from '../../../action/src/domain/loss.ts';

const TAKEN = '2026-11-24T10:00:00Z';
const beat = (at: string | null) => ({ beat: at, reading: null });

it('a site may have lived on for one beat after the last that was seen', () => {
  expect(mostLost(TAKEN, beat('2026-11-24T10:03:00Z'), 120)).toBe(300);
});

it('a beat older than the snapshot is no proof that nothing was lost', () => {
  expect(mostLost(TAKEN, beat('2026-11-24T09:59:58Z'), 120)).toBe(120);
});

it('without a sign of life nobody knows', () => {
  expect(mostLost(TAKEN, beat(null), 120)).toBeNull();
});

it.each([
  ['it took a snapshot', beat('2026-11-24T09:55:59Z')],
  ['its Airflow answered', { beat: '2026-11-24T10:03:00Z', reading: '2026-11-24T10:07:01Z' }],
])('nor when it worked on without a beat: %s', (_, life) => {
  expect(mostLost(TAKEN, life, 120)).toBeNull();
  expect(lastSignOf(life)).toBe(life.reading ?? life.beat);
});

it('an answer within two beats is no sign that its canary had ended before it did', () => {
  expect(mostLost(TAKEN, { beat: '2026-11-24T10:03:00Z', reading: '2026-11-24T10:07:00Z' }, 120)).toBe(300);
});

it('alerts that will not come are lost, too, and are said', () => {
  const preview = { snapshot: snapshotAge('id', TAKEN, 0), lastSignOfLife: null, lostSeconds: 0, inFlight: [] };
  const said = (deadlines?: number) => describeLoss({ ...preview, deadlines }, false).at(-1);
  expect(said(2)).toBe('deadlines of these runs, whose alerts will not come: 2');
  for (const none of [0, undefined])
    expect(said(none)).toBe('in flight at the snapshot, to be continued or run again: 0');
});

it('a snapshot has no age at a time before it was taken', () => {
  const at = (time: string) => snapshotAge('id', TAKEN, Date.parse(time)).ageSeconds;
  expect([at('2026-11-24T10:01:00Z'), at(TAKEN), at('2026-11-24T09:50:00Z')]).toEqual([60, 0, 0]);
});
