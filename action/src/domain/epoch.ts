import type { ControlRecord } from './control-record.ts';
import { siteOfEpoch } from './deployment.ts';
import type { SiteIndex } from './deployment.ts';

/** The smallest epoch that activates `site` and lies above all that were seen. Two sites can never claim the same one. */
export function nextEpoch(site: SiteIndex, seen: readonly number[]): number {
  const next = Math.max(-1, ...seen) + 1;
  return siteOfEpoch(next) === site ? next : next + 1;
}

/** The record that outranks the others: that of the highest epoch; of equal ones the one that is further. */
export const ruling = (records: readonly ControlRecord[]): ControlRecord | undefined =>
  records.toSorted((a, b) => b.epoch - a.epoch || Number(b.phase === 'activated') - Number(a.phase === 'activated'))[0];
