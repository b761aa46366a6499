import { expect, test } from '@jest/globals';
import { movedSince } from '../../../action/src/domain/planner.ts';
import type { PlannedWork } from '../../../action/src/domain/planner.ts';
import { foreignMoves, parseReconcileRecord, shownAtSites } from '../../../action/src/domain/reconcile-record.ts';
import type { ReconcileRecord } from '../../../action/src/domain/reconcile-record.ts';
import { deploymentWith, planned, NOW, WEST } from './plan-cases.ts';
import type { File } from './plan-cases.ts';

/** A plan that is met half-way: the standby has been told, the active site has not. */
const MONTH_END = { field: 'MinWorkers', reason: 'month end', until: '2026-12-05T00:00:00Z' };
const DECEMBER = Date.parse('2026-12-06T00:00:00Z');
const deployment = deploymentWith((file) => {
  file['ignore'] = [MONTH_END];
  Object.assign(file['mwaa'] as File, { maxWorkers: 15 });
});
const NOT_YET = { MaxWorkers: 5, MinWorkers: 4 };

function recordOf({ plan, fingerprints }: PlannedWork): ReconcileRecord {
  const { deployment: name, digest, at } = plan;
  const record = {
    ...{ schemaVersion: 1, deployment: name, scope: 'all', epoch: 0, bundle: null, actor: 'run 1', startedAt: at },
    ...{ digest, fingerprints, shown: shownAtSites(plan) },
    ...{ step: null, touched: [{ site: WEST, fields: ['MaxWorkers'] }], outcome: 'under way', message: '' },
  };
  return parseReconcileRecord(new TextEncoder().encode(JSON.stringify(record)), 'the record');
}

const foreign = (now: PlannedWork): readonly string[] => {
  const record = recordOf(planned({ deployment, east: NOT_YET, west: { MaxWorkers: 5 } }));
  return foreignMoves(record, now.plan, movedSince(record.fingerprints, now.fingerprints));
};

test('a plan that is half done is another one, and nothing of it is foreign', () => {
  const before = planned({ deployment, east: NOT_YET, west: { MaxWorkers: 5 } });
  const now = planned({ deployment, east: NOT_YET });
  expect(now.plan.digest).not.toBe(before.plan.digest);
  expect(foreign(now)).toEqual([]);
});

test('an exception that ends half-way brings work that nobody has reviewed', () => {
  expect(foreign(planned({ deployment, east: NOT_YET, at: NOW }))).toEqual([]);
  expect(foreign(planned({ deployment, east: NOT_YET, at: DECEMBER }))).toEqual(['MinWorkers']);
});
