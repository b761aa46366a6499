import { describe, expect, test } from '@jest/globals';
import { heldUntil } from '../../../action/src/domain/plan-held.ts';
import type { FreezeWindow } from '../../../action/src/domain/policies.ts';

const at = (time: string) => Date.parse(time);
const held = (freeze: readonly FreezeWindow[], time: string) =>
  heldUntil({ freeze: [...freeze], paused: undefined }, at(time));

// 2026-11-27 is a Friday.
const WEEKEND: FreezeWindow = { reason: 'weekend', weekly: { from: 'FRI:18:00', to: 'MON:06:00' } };
const SALE: FreezeWindow = { reason: 'sale', from: '2026-11-30T06:00:00Z', to: '2026-12-01T00:00:00Z' };

describe('a weekly window', () => {
  test.each([
    ['2026-11-27T17:59:59Z', null],
    ['2026-11-27T18:00:00Z', '2026-11-30T06:00:00.000Z'],
    ['2026-11-29T12:00:00Z', '2026-11-30T06:00:00.000Z'],
    ['2026-11-30T05:59:59Z', '2026-11-30T06:00:00.000Z'],
    ['2026-11-30T06:00:00Z', null],
  ])('at %s holds until %s', (time, until) => {
    expect(held([WEEKEND], time)?.until ?? null).toBe(until);
  });

  test('within one week holds as well', () => {
    const night: FreezeWindow = { reason: 'night', weekly: { from: 'TUE:01:00', to: 'TUE:02:30' } };
    expect(held([night], '2026-11-24T01:30:00Z')?.until).toBe('2026-11-24T02:30:00.000Z');
    expect(held([night], '2026-11-24T02:30:00Z')).toBeNull();
  });
});

test('a window of dates holds from its first instant to its last', () => {
  expect(held([SALE], '2026-11-30T05:59:59Z')).toBeNull();
  expect(held([SALE], '2026-11-30T06:00:00Z')).toEqual({ until: '2026-12-01T00:00:00.000Z', reason: 'sale' });
  expect(held([SALE], '2026-12-01T00:00:00Z')).toBeNull();
});

test('windows that touch are one, with the reasons of both', () => {
  expect(held([SALE, WEEKEND], '2026-11-28T00:00:00Z')).toEqual({
    until: '2026-12-01T00:00:00.000Z',
    reason: 'weekend; sale',
  });
});

test('a pause holds until it ends', () => {
  const paused = { reason: 'audit', until: '2026-12-24T18:00:00Z' };
  expect(heldUntil({ freeze: [], paused }, at('2026-12-24T17:59:59Z'))).toEqual({
    until: '2026-12-24T18:00:00.000Z',
    reason: 'audit',
  });
  expect(heldUntil({ freeze: [], paused }, at('2026-12-24T18:00:00Z'))).toBeNull();
});

test('windows without end do not hang the plan', () => {
  const always: FreezeWindow[] = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'].map((day, index, days) => ({
    reason: 'never',
    weekly: { from: `${day}:00:00`, to: `${days[(index + 1) % 7] ?? ''}:00:00` },
  }));
  expect(held(always, '2026-11-24T00:00:00Z')?.reason).toBe('never');
});
