import { expect, test } from '@jest/globals';
import type { Manifest } from '../../../action/src/domain/manifest.ts';
import { missingDags } from '../../../action/src/domain/readiness.ts';

const missing = (version: string, wanted: readonly string[], parsed: readonly string[]) =>
  missingDags(
    { airflow: { version, alembic: {} }, pauseSet: { unpaused: [...wanted], paused: [] } } as unknown as Manifest,
    parsed.map((dagId) => ({ dagId })),
  );

test.each([
  ['2.10.3', ['orders.section', 'orders.section.inner'], ['orders'], []],
  ['2.10.3', ['orders.section', 'orders'], ['invoices'], ['orders', 'orders.section']],
  ['2.10.3', ['.hidden'], [''], ['.hidden']],
  ['3.3.1', ['orders.section'], ['orders'], ['orders.section']],
])('Airflow %s: of %j the target that lists %j lacks %j', (version, wanted, parsed, lacks) => {
  expect(missing(version, wanted, parsed)).toEqual(lacks);
});
