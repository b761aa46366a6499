import type { ArtifactRow, FieldRow, Plan, Shown, SitePlan } from './plan-model.ts';

/** One thing that is not as Git says, in words for whoever is paged by it. */
export interface DriftFinding {
  /** The same from run to run, so that its age is known: a field, `artifact:<path>`, `site:<Region>` or `active`. */
  readonly key: string;
  /** What is where. */
  readonly what: string;
  /** What it means, at a failover above all; '' when nothing. */
  readonly consequence: string;
}

/** What differs from Git or between the sites, the gravest first: environments, roles, settings, artifacts. */
export function driftFindings(plan: Plan): readonly DriftFinding[] {
  const gone = plan.sites.filter(isGone(plan));
  return [
    ...gone.map((site) => goneFinding(plan, site)),
    ...plan.sites.flatMap((site) => brokenFinding(site)),
    ...roleFinding(plan),
    ...plan.fields.filter((row) => isDrift(row) && !isOnlyMissing(row, gone)).map((row) => fieldFinding(plan, row)),
    ...plan.artifacts.rows.flatMap(artifactFinding),
  ];
}

/** The standby of a backup-restore is made at the failover, and nothing is planned for it. */
const isGone =
  (plan: Plan) =>
  (site: SitePlan): boolean =>
    site.status === 'missing' &&
    (site.role === 'active' ||
      site.changes.length > 0 ||
      plan.fields.some(({ changes }) => changes.includes(site.role)));

const goneFinding = (plan: Plan, { region, environment, role }: SitePlan): DriftFinding => ({
  key: `site:${region}`,
  what: `The environment \`${environment}\` in ${region}, the ${role === 'active' ? 'active site' : 'standby'}, does not exist`,
  consequence:
    role === 'active'
      ? 'nothing runs there: run `check`, and move if it is lost'
      : `a failover from ${plan.active} would first have to create it: half an hour at least`,
});

const BROKEN: Readonly<Record<string, string>> = {
  CREATE_FAILED: 'it takes neither changes nor a failover',
  UNAVAILABLE: 'it takes neither changes nor a failover',
  DELETING: 'it is about to be gone',
  UPDATE_FAILED: 'it runs, with the settings from before the update',
};

function brokenFinding({ region, environment, status }: SitePlan): readonly DriftFinding[] {
  const consequence = BROKEN[status];
  if (consequence === undefined) return [];
  return [{ key: `site:${region}`, what: `The environment \`${environment}\` in ${region} is ${status}`, consequence }];
}

const roleFinding = ({ role }: Plan): readonly DriftFinding[] =>
  role.verdict === 'not declared' || role.verdict === 'agrees'
    ? []
    : [{ key: 'active', what: role.message, consequence: 'no change of the file is carried out until they agree' }];

const isDrift = ({ verdict }: FieldRow): boolean => ['drift', 'parity drift', 'immutable'].includes(verdict);

/** What a missing environment lacks is said once. */
const isOnlyMissing = ({ active, standby, git }: FieldRow, gone: readonly SitePlan[]): boolean =>
  gone.length > 0 &&
  gone.every(({ role }) => (role === 'active' ? active : standby) === null) &&
  (gone.length === 2 ||
    gone.every(({ role }) => (role === 'active' ? same(standby, git.standby) : same(active, git.active))));

const same = (one: Shown, other: Shown): boolean => other === null || JSON.stringify(one) === JSON.stringify(other);

function fieldFinding(plan: Plan, row: FieldRow): DriftFinding {
  const { field, git, active, standby, verdict, consequence } = row;
  const sites = `${plan.active} ${shownText(active)}, ${plan.standby} ${shownText(standby)}`;
  const wanted = [...new Set([git.active, git.standby].filter((value) => value !== null).map(shownText))];
  const by = wanted.length === 0 ? 'Git says nothing of it' : `Git says ${wanted.join(' and ')}`;
  return {
    key: field,
    what: `\`${field}\`: ${by}; ${sites}`,
    consequence:
      verdict === 'immutable'
        ? join(consequence, 'the service cannot change it: see the plan for the way out')
        : consequence,
  };
}

const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('; ');

const ARTIFACTS: Readonly<Record<ArtifactRow['verdict'], string | undefined>> = {
  'in sync': undefined,
  foreign: undefined,
  new: 'is in Git and not deployed',
  changed: 'is deployed with another content than in Git',
  deleted: 'is deployed, and no longer in Git',
  'missing at the standby': 'is missing at the standby',
  'differs at the standby': 'has another content at the standby',
};

function artifactFinding({ path, verdict, consequence }: ArtifactRow): readonly DriftFinding[] {
  const what = ARTIFACTS[verdict];
  return what === undefined ? [] : [{ key: `artifact:${path}`, what: `\`${path}\` ${what}`, consequence }];
}

/** As it may be shown: a hidden value by its letter. */
export const shownText = (value: Shown): string =>
  value === null ? 'not set' : 'text' in value ? `\`${value.text}\`` : `a hidden value (${value.hidden})`;
