import { versionStep } from './airflow-versions.ts';
import type { Pins } from './artifact-plan.ts';
import type { Declared } from './desired.ts';
import { memberOf } from './members.ts';
import type { FieldRow, FieldVerdict } from './plan-model.ts';
import { contentOf, shownRow } from './plan-shown.ts';
import type { ShowsTest } from './plan-shown.ts';
import { sameValue } from './settings.ts';
import type { FieldValue, Settings } from './settings.ts';

/** One site, ready to be compared. */
export interface ComparedSite {
  readonly role: 'active' | 'standby';
  readonly declared: Declared;
  /** What it is to be, with every exception that the file declares. */
  readonly wanted: Settings;
  /** The same without the exceptions. */
  readonly unexcused: Settings;
  readonly observed: Settings;
  /** `absent`: there is no environment and none is to be made. `new`: there is none yet. */
  readonly state: 'there' | 'new' | 'absent';
  readonly isManaged: boolean;
  readonly pins: Pins;
  /** How an update replaces the workers; `undefined` = as the service does. */
  readonly strategy: 'FORCED' | 'GRACEFUL' | undefined;
}

export interface ComparedField {
  readonly field: string;
  readonly row: FieldRow;
  /** Sites at which the service cannot make the change. */
  readonly stuck: readonly ComparedSite[];
}

/** Every field that anybody names or has, sorted by name. */
export function compareFields(
  active: ComparedSite,
  standby: ComparedSite,
  isLocal: (field: string) => boolean,
  isShown: ShowsTest,
): readonly ComparedField[] {
  const names = [active, standby].flatMap(({ declared, wanted, unexcused, observed }) =>
    [declared.settings, wanted, unexcused, observed].flatMap((settings) => Object.keys(settings)),
  );
  return [...new Set(names)]
    .filter((field) => memberOf(field) !== undefined)
    .toSorted()
    .map((field) => compareField(field, active, standby, isLocal(field), isShown));
}

function compareField(
  field: string,
  active: ComparedSite,
  standby: ComparedSite,
  isLocal: boolean,
  isShown: ShowsTest,
): ComparedField {
  const sites = [active, standby];
  const different = sites.filter((site) => differs(site, field));
  const stuck = different.filter((site) => isStuck(site, field));
  const values = [
    ...sites.map((site) => contentOf(field, gitValue(site, field), site.pins)),
    ...sites.map((site) => contentOf(field, site.observed[field], site.pins)),
  ];
  const [gitActive = null, gitStandby = null, atActive = null, atStandby = null] = shownRow(
    values,
    isShown(field, values),
  );
  const isApart = standby.state !== 'absent' && !sameValue(values[2], values[3]);
  const verdict = verdictOf(field, sites, different, stuck, isApart);
  const row: FieldRow = {
    field,
    git: { active: gitActive, standby: gitStandby },
    active: atActive,
    standby: atStandby,
    verdict,
    changes: different.filter((site) => site.isManaged && !stuck.includes(site)).map(({ role }) => role),
    consequence: isApart && !isRight(verdict) && !isLocal ? (memberOf(field)?.consequence ?? '') : '',
  };
  return { field, row, stuck };
}

const isRight = (verdict: FieldVerdict): boolean => verdict === 'in sync' || verdict === 'site-local';

const gitValue = ({ declared }: ComparedSite, field: string): FieldValue | undefined => declared.settings[field];

/** Whether the site is not what it is to be. */
export const differs = ({ state, wanted, observed }: ComparedSite, field: string): boolean =>
  state !== 'absent' && !sameValue(wanted[field], observed[field]);

function isStuck({ state, wanted, observed }: ComparedSite, field: string): boolean {
  if (state !== 'there') return false;
  const member = memberOf(field);
  const vanishes = wanted[field] === undefined && observed[field] !== undefined;
  if (member?.changedBy === 'nothing' || (vanishes && member?.absence !== 'removed')) return true;
  return field === 'AirflowVersion' && isOutOfReach(observed[field], wanted[field]);
}

const isOutOfReach = (from: FieldValue | undefined, to: FieldValue | undefined): boolean =>
  typeof from === 'string' && typeof to === 'string' && versionStep(from, to).kind === 'not in place';

/** A field of which Git says something at this site, be it that it is to go. */
const isNamed = ({ declared }: ComparedSite, field: string): boolean =>
  field in declared.settings || declared.whole.has(memberOf(field)?.api ?? '');

function verdictOf(
  field: string,
  sites: readonly ComparedSite[],
  different: readonly ComparedSite[],
  stuck: readonly ComparedSite[],
  isApart: boolean,
): FieldVerdict {
  if (stuck.length > 0) return 'immutable';
  if (different.some((site) => isNamed(site, field))) return 'drift';
  if (different.length > 0) return 'parity drift';
  const excused = sites.some((site) => differs({ ...site, wanted: site.unexcused }, field));
  if (excused) return 'ignored';
  return isApart ? 'site-local' : 'in sync';
}
