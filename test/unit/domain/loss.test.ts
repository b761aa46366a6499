import { expect, it } from '@jest/globals';
import { mostLost, snapshotAge } from '../../../action/src/domain/loss.ts';

const TAKEN = '2026-11-24T10:00:00Z';

it('a site may have lived on for one beat after the last that was seen', () => {
  expect(mostLost(TAKEN, '2026-11-24T10:03:00Z', 120)).toBe(300);
});

it('a beat older than the snapshot is no proof that nothing was lost', () => {
  expect(mostLost(TAKEN, '2026-11-24T09:59:58Z', 120)).toBe(120);
});

it('without a sign of life nobody knows', () => {
  expect(mostLost(TAKEN, null, 120)).toBeNull();
});

it('a snapshot has no age at a time before it was taken', () => {
  const at = (time: string) => snapshotAge('id', TAKEN, Date.parse(time)).ageSeconds;
  expect([at('2026-11-24T10:01:00Z'), at(TAKEN), at('2026-11-24T09:50:00Z')]).toEqual([60, 0, 0]);
});
