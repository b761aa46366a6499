/** What may happen in a schedule. */
export interface Profile {
  readonly events: number;
  readonly hours: number;
  /** How likely it is that a failover is forced. */
  readonly force: number;
  /** How often something else goes wrong than runs, moves and Regions; 1 = as in `normal`. */
  readonly troubles: number;
  /** How likely it is that something befalls a Region in the very middle of a move. */
  readonly ambushes: number;
  /** Whether one Region stays lost at the end, for good. */
  readonly oneRegionLeft: boolean;
  /** Whether control records and state rows are lost or damaged, and claims without a move are written. */
  readonly records: boolean;
  /** Whether canaries often stop, so that only calls of REST stop a site, and runners stand still before such calls. */
  readonly pauses: boolean;
}

const NORMAL: Profile = {
  events: 26,
  hours: 8,
  force: 0.6,
  troubles: 1,
  ambushes: 0.3,
  oneRegionLeft: false,
  records: false,
  pauses: false,
};

export const PROFILES = {
  normal: NORMAL,
  /** As bad days begin: most of it fits, and then one Region does not come back. */
  'one-region-left': { ...NORMAL, events: 16, hours: 5, oneRegionLeft: true },
  records: { ...NORMAL, records: true },
  /** Many moves, most of them forced, that are killed, frozen and begun again, and Regions that come and go. */
  moves: { ...NORMAL, force: 0.85, troubles: 0.2, ambushes: 0.8 },
  /** Sites that do not stop by themselves. */
  pauses: { ...NORMAL, force: 1, troubles: 0.1, ambushes: 0, pauses: true },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof PROFILES;

export const isProfile = (name: string): name is ProfileName => name in PROFILES;
