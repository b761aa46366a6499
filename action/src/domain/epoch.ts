import type { ControlRecord } from './control-record.ts';
import { siteOfEpoch } from './deployment.ts';
import type { SiteIndex } from './deployment.ts';
import type { Heartbeat } from './heartbeat.ts';

/** The smallest epoch that activates `site` and lies above all that were seen. Two sites can never claim the same one. */
export function nextEpoch(site: SiteIndex, seen: readonly number[]): number {
  const next = Math.max(-1, ...seen) + 1;
  return siteOfEpoch(next) === site ? next : next + 1;
}

/** The record that outranks the others: that of the highest epoch; of equal ones the one that is further. */
export const ruling = (records: readonly ControlRecord[]): ControlRecord | undefined =>
  records.toSorted((a, b) => b.epoch - a.epoch || Number(b.phase === 'activated') - Number(a.phase === 'activated'))[0];

/** The record after an activation that it may not tell of. */
export const withActivation = (record: ControlRecord, activated: ControlRecord['activated']): ControlRecord => ({
  ...record,
  phase: activated.epoch === record.epoch ? 'activated' : 'claimed',
  activated,
});

/**
 * The record, and what the databases behind the beats know beyond it: one that calls itself active was activated in its
 * epoch; one that obeys a higher epoch than the record's has seen the claim.
 */
export function withBeats(record: ControlRecord, beats: readonly Heartbeat[]): ControlRecord {
  const epoch = Math.max(record.epoch, ...beats.map((beat) => beat.epoch ?? 0));
  const [newest] = beats
    .flatMap(({ site, role, epoch: of, at }) => (role === 'active' && of !== null ? [{ site, epoch: of, at }] : []))
    .filter((active) => active.epoch > record.activated.epoch)
    .toSorted((a, b) => b.epoch - a.epoch);
  if (newest === undefined && epoch === record.epoch) return record;
  return withActivation({ ...record, epoch }, newest === undefined ? record.activated : { ...newest, snapshot: null });
}
