import type { ControlRecord } from './control-record.ts';
import { siteOfEpoch } from './deployment.ts';
import type { Deployment, SiteIndex } from './deployment.ts';

/** The smallest epoch that activates `site` and lies above all that were seen. Two sites can never claim the same one. */
export function nextEpoch(site: SiteIndex, seen: readonly number[]): number {
  const next = Math.max(-1, ...seen) + 1;
  return siteOfEpoch(next) === site ? next : next + 1;
}

/**
 * A claim is one only together with the move that makes it. A record that is `claimed` and names no move of its epoch
 * claims nothing: no move can activate it, so it must fence nobody.
 */
export const isClaim = ({ phase, epoch, move }: ControlRecord): boolean =>
  phase === 'claimed' && move !== null && move.epoch === epoch;

/** The record as it counts: a claim without its move counts as what was activated last. */
export const effective = (record: ControlRecord): ControlRecord =>
  record.phase === 'activated' || isClaim(record)
    ? record
    : { ...record, epoch: record.activated.epoch, phase: 'activated' };

/**
 * The record that outranks the others: that of the highest epoch; at equal epochs the one of the site that this epoch
 * activates. The DR DAGs go by the same rule: dags/mwaadr/core/rulings.py.
 */
export function ruling({ sites }: Deployment, records: readonly ControlRecord[]): ControlRecord | undefined {
  const isOwn = ({ site, epoch }: ControlRecord) => site === sites[siteOfEpoch(epoch)].region;
  return records.map(effective).toSorted((a, b) => b.epoch - a.epoch || Number(isOwn(b)) - Number(isOwn(a)))[0];
}
