import type { ControlRecord } from './control-record.ts';
import { otherSite, siteOfEpoch } from './deployment.ts';
import type { Deployment, SiteIndex } from './deployment.ts';
import type { Manage } from './policies.ts';

export interface Roles {
  readonly active: SiteIndex;
  readonly standby: SiteIndex;
}

/** Who is active by this record: while a move is claimed and not yet activated, still the side that it leaves. */
export function rolesOf(deployment: Deployment, record: ControlRecord): Roles {
  const lineage = deployment.sites[0].region === record.activated.site ? 0 : 1;
  const active: SiteIndex = record.phase === 'activated' ? siteOfEpoch(record.epoch) : lineage;
  return { active, standby: otherSite(active) };
}

/** Whether a site, environment and bucket, is ours to change. */
export const isManaged = (manage: Manage, roles: Roles, site: SiteIndex): boolean =>
  manage === 'full' || (manage === 'standby-only' && site === roles.standby);
