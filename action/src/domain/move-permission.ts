import type { VerdictKey } from './verdict.ts';

/**
 * What a verdict on the active site says about leaving it: `allowed` as it is, after the deployment's name is typed
 * (`confirm`), only with `override: force` on top of that (`force`), or not at all (`refused`).
 */
export type Permission = 'allowed' | 'confirm' | 'force' | 'refused';

export type MoveMode = 'manual' | 'automatic';

const PERMISSIONS: Readonly<Record<VerdictKey, Readonly<Record<MoveMode, Permission>>>> = {
  HEALTHY: { manual: 'force', automatic: 'refused' },
  DEGRADED: { manual: 'force', automatic: 'refused' },
  'UNHEALTHY(region)': { manual: 'confirm', automatic: 'allowed' },
  // Nothing runs that a move could tear apart. By itself nothing moves: whoever began the move knows why it stands.
  'UNHEALTHY(stopped)': { manual: 'confirm', automatic: 'refused' },
  // A person first: the file that killed this scheduler is at the other site, too.
  'UNHEALTHY(airflow)': { manual: 'confirm', automatic: 'refused' },
  UNKNOWN: { manual: 'force', automatic: 'refused' },
};

export const permissionOf = (verdict: VerdictKey, mode: MoveMode): Permission => PERMISSIONS[verdict][mode];
