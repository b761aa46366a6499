import { expect, test } from '@jest/globals';
import { decideDrift, readDriftState, type DriftState } from '../../../action/src/domain/drift.ts';
import type { DriftFinding } from '../../../action/src/domain/drift-findings.ts';
import { hidden } from '../../../action/src/domain/hidden-state.ts';
import { cleanBody, driftBody, driftTitle } from '../../../action/src/report/drift.ts';

const requirements: DriftFinding = {
  key: 'requirements',
  what: '`requirements` is version 13 at the standby, 14 in Git',
  consequence: 'a failover would run old dependencies',
};

const stateAt = (before: DriftState | undefined, findings: readonly DriftFinding[], now: string): DriftState => {
  const body = before === undefined ? undefined : `<!-- mwaadr:drift:bookshop -->${hidden(before)}`;
  const issue = { number: 1, author: '', title: '', url: '', open: true, closedAt: undefined };
  const decision = decideDrift('bookshop', body === undefined ? [] : [{ ...issue, body }], findings, now);
  if (!('state' in decision)) throw new Error('nothing to say');
  return decision.state;
};

const first = stateAt(undefined, [requirements], '2026-11-20T10:00:00.000Z');

test('an issue says what differs, since when, and what it means at a failover', () => {
  const body = driftBody(stateAt(first, [requirements], '2026-11-24T12:00:00.000Z'), [requirements]);
  expect(body).toContain('### ⚠️ bookshop is not what Git says: 1 difference, since 2026-11-20, 4 d 2 h');
  expect(body).toContain(
    '| <code>requirements</code> is version 13 at the standby, 14 in Git | since 2026-11-20, 4 d 2 h | A failover would run old dependencies. |',
  );
  expect(body.startsWith('<!-- mwaadr:drift:bookshop -->\n')).toBe(true);
});

test('what was found just now is new', () => {
  expect(driftBody(first, [requirements])).toContain('1 difference, new');
});

test('a closed issue says that all is well, and how long it was not', () => {
  const clean = cleanBody(stateAt(first, [], '2026-11-24T10:00:00.000Z'));
  expect(clean).toContain('### ✅ bookshop is what Git says again after 4 d');
  expect(readDriftState({ body: clean })).toMatchObject({
    open: false,
    episodes: [{ to: '2026-11-24T10:00:00.000Z' }],
  });
});

test('the title stays the same, however much differs', () => {
  expect(driftTitle('bookshop')).toBe('Drift: bookshop is not what Git says');
});

test.each([10, 300, 5_000])('%s hostile differences give an issue that GitHub takes', (count) => {
  const hostile = Array.from({ length: count }, (_, index) => ({
    key: `field ${index}`,
    what: '| ` a </details> <!-- x --> @everyone \n\n### h <img src=x>'.repeat(9),
    consequence: '@everyone --> ``` |'.repeat(9),
  }));
  const state = stateAt(undefined, hostile, '2026-11-24T12:00:00.000Z');
  const body = driftBody(state, hostile);
  expect(body.length).toBeLessThanOrEqual(65_536);
  expect(body).not.toMatch(/<img|@everyone(?![^<]*<\/code>)|<!-- x/);
  expect(readDriftState({ body })).toEqual(state);
});
