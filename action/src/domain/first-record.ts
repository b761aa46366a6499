import type { ControlRecord } from './control-record.ts';
import { siteOfEpoch } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { ruling } from './epoch.ts';
import { MdrError } from './errors.ts';
import { iso } from './stored-json.ts';

/** Refuses records that tell different stories. Throws `MDR-CONTROL-INVALID`. */
export function requireConsistent(deployment: Deployment, records: readonly ControlRecord[]): void {
  const contradictions = [...records.flatMap((record) => siteWords(deployment, record) ?? []), ...differences(records)];
  if (contradictions.length === 0) return;
  throw new MdrError({
    code: 'MDR-CONTROL-INVALID',
    message: `the control records contradict: ${contradictions.join('; ')}`,
    fix: 'Were the sites swapped in the deployment file? Their order is fixed for ever. Else bring the right version of the record back.',
    state: 'nothing was touched',
  });
}

/** How a record contradicts the order of the sites in the deployment file; `undefined` when it does not. */
export function siteWords({ sites }: Deployment, { site, activated }: ControlRecord): string | undefined {
  const wants = sites[siteOfEpoch(activated.epoch)].region;
  if (activated.site === wants) return undefined;
  return `that of ${site}: epoch ${activated.epoch} activates ${wants}, not ${activated.site}`;
}

function differences([a, b]: readonly ControlRecord[]): readonly string[] {
  if (a === undefined || b === undefined || a.activated.epoch !== b.activated.epoch) return [];
  // A record that was taught by a heartbeat does not know the snapshot: `null` contradicts nothing.
  const snapshots = [a, b].flatMap(({ activated }) => activated.snapshot ?? []);
  const same = a.activated.site === b.activated.site && new Set(snapshots).size <= 1;
  return same ? [] : [`both activated epoch ${a.activated.epoch}, from different snapshots`];
}

/** The records of both sites of a deployment that never ran. */
export const beginnings = (deployment: Deployment, now: number): readonly ControlRecord[] =>
  deployment.sites.map(({ region }) => firstRecord(deployment, region, [], now));

/** The record of a site that has none: that of a new deployment, or after the one of the other site. */
export function firstRecord(
  deployment: Deployment,
  site: string,
  others: readonly ControlRecord[],
  now: number,
): ControlRecord {
  const other = ruling(deployment, others);
  return {
    schemaVersion: 1,
    deployment: deployment.deployment,
    site,
    epoch: other?.epoch ?? 0,
    phase: other?.phase ?? 'activated',
    activated: other?.activated ?? { site: deployment.sites[0].region, epoch: 0, at: iso(now), snapshot: null },
    // A claim is one only together with its move.
    move: other?.phase === 'claimed' ? other.move : null,
    lease: null,
    debts: [],
    ...(other?.uninstall === undefined ? {} : { uninstall: other.uninstall }),
    updatedAt: iso(now),
    nonce: '',
  };
}
