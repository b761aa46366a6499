import { expect, it } from '@jest/globals';
import { mostLost } from '../../../action/src/domain/loss.ts';

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
