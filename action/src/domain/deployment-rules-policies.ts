import type { Rule, RuleProblem } from './deployment-rules.ts';
import { fieldsMeant, KNOWN_FIELDS } from './deployment-fields.ts';
import { secretProblems } from './deployment-secrets.ts';
import type { FreezeWindow } from './policies.ts';
import { didYouMean } from './suggest.ts';
import { matches } from './wildcard.ts';

/** Rules about periods, roles, windows, exceptions and artifacts. */

const snapshotWithinRpo: Rule = ({ snapshot, objectives }) =>
  snapshot.everySeconds <= objectives.rpoSeconds
    ? []
    : [
        {
          path: ['snapshot', 'everySeconds'],
          message: `a snapshot every ${snapshot.everySeconds} s cannot meet an RPO of ${objectives.rpoSeconds} s`,
          fix: 'Take snapshots at least as often as the RPO allows; half of it leaves room for one that fails.',
        },
      ];

const beatWithinPeriod: Rule = ({ canary, health }) =>
  canary.everySeconds <= health.periodSeconds
    ? []
    : [
        {
          path: ['canary', 'everySeconds'],
          message: `a beat every ${canary.everySeconds} s leaves health periods of ${health.periodSeconds} s without one`,
          fix: 'Let the canary beat at least once in each health period.',
        },
      ];

/**
 * A period that CloudWatch keeps metrics in: GetMetricData refuses others (API reference, MetricStat, member Period). What
 * stands in for it takes any, so that this is no rule of the file alone.
 */
export const periodOfCloudWatch: Rule = ({ health: { periodSeconds } }) =>
  periodSeconds % 60 === 0
    ? []
    : [
        {
          path: ['health', 'periodSeconds'],
          message: `CloudWatch has no metrics by periods of ${periodSeconds} s, so that the scheduler's could never be read`,
          fix: `Give whole minutes, as ${Math.max(60, Math.round(periodSeconds / 60) * 60)}.`,
        },
      ];

/** `since` may be of the other site's parity: a switchover is asked for by changing `site` alone. */
const activeIsASite: Rule = ({ active, sites }) => {
  const regions = sites.map(({ region }) => region);
  if (active === undefined || regions.includes(active.site)) return [];
  return [
    {
      path: ['active', 'site'],
      message: `no site is in ${active.site}${didYouMean(active.site, regions)}`,
      fix: `Name the Region of the active site: ${regions.join(' or ')}.`,
    },
  ];
};

const windowsRunForwards: Rule = ({ freeze }) =>
  freeze.flatMap((window, index): RuleProblem[] => {
    const wrong = emptyWindow(window);
    return wrong === undefined ? [] : [{ path: ['freeze', index, ...wrong], ...EMPTY_WINDOW }];
  });

const EMPTY_WINDOW = {
  message: 'the window ends before it begins',
  fix: 'Let "to" be later than "from"; a weekly window may run over the end of the week, as from FRI:18:00 to MON:06:00.',
};

const emptyWindow = (window: FreezeWindow): readonly string[] | undefined => {
  if ('weekly' in window) return window.weekly.from === window.weekly.to ? ['weekly', 'to'] : undefined;
  return Date.parse(window.from) < Date.parse(window.to) ? undefined : ['to'];
};

const namesKnownField = (pattern: string, path: RuleProblem['path']): readonly RuleProblem[] =>
  fieldsMeant(pattern).length > 0
    ? []
    : [
        {
          path,
          message: `"${pattern}" is no field of an environment${didYouMean(pattern, KNOWN_FIELDS)}`,
          fix: 'Write it as a plan shows it: EnvironmentClass, AirflowConfigurationOptions.core.parallelism, Tags.team.',
        },
      ];

const knownFields: Rule = ({ ignore, selfHeal }) => [
  ...ignore.flatMap(({ field }, index) => namesKnownField(field, ['ignore', index, 'field'])),
  ...selfHeal.flatMap((pattern, index) => namesKnownField(pattern, ['selfHeal', index])),
];

const healsWhatCanChange: Rule = ({ selfHeal }) =>
  selfHeal.flatMap((pattern, index): RuleProblem[] => {
    const meant = fieldsMeant(pattern);
    if (meant.length === 0 || meant.some(({ changedBy }) => changedBy !== 'nothing')) return [];
    return [
      {
        path: ['selfHeal', index],
        message: `${pattern} cannot heal: MWAA never changes it in an environment that exists`,
        fix: 'Take it off the list.',
      },
    ];
  });

/** An exception within what heals itself is well: only one that covers it all contradicts it. */
const ignoredOrHealed: Rule = ({ ignore, selfHeal }) =>
  selfHeal.flatMap((pattern, index): RuleProblem[] => {
    const exception = ignore.find(({ field }) => matches(field, pattern));
    if (exception === undefined) return [];
    return [
      {
        path: ['selfHeal', index],
        message: `${pattern} is to heal itself, and "ignore" leaves ${exception.field} as it is`,
        fix: 'Keep one of the two.',
      },
    ];
  });

const ARTIFACT_KEYS = [
  ['requirements', 'requirementsS3Path'],
  ['plugins', 'pluginsS3Path'],
  ['startupScript', 'startupScriptS3Path'],
] as const;

const oneSourceOfArtifacts: Rule = ({ artifacts, mwaa, sites }) =>
  ARTIFACT_KEYS.flatMap(([artifact, key]): RuleProblem[] => {
    if (artifacts?.[artifact] === undefined) return [];
    const places: RuleProblem['path'][] = [
      ...(mwaa[key] === undefined ? [] : [['mwaa', key]]),
      ...sites.flatMap((site, index) => (site.mwaa[key] === undefined ? [] : [['sites', index, 'mwaa', key]])),
    ];
    return places.map((path) => ({
      path,
      message: `${key} and artifacts.${artifact} both say where ${artifact} comes from`,
      fix: `Keep artifacts.${artifact}, which uploads the file and sets the key; or ${key}, when others upload it.`,
    }));
  });

/** API_CreateEnvironment, member Tags. */
const MOST_TAGS = 50;

const fewEnoughTags: Rule = ({ mwaa, sites }) =>
  sites.flatMap((site, index): RuleProblem[] => {
    const count = Object.keys({ ...mwaa.tags, ...site.mwaa.tags }).length;
    if (count <= MOST_TAGS) return [];
    return [
      {
        path: site.mwaa.tags === undefined ? ['mwaa', 'tags'] : ['sites', index, 'mwaa', 'tags'],
        message: `the environment in ${site.region} would have ${count} tags, and MWAA takes ${MOST_TAGS}`,
        fix: 'Take some away.',
      },
    ];
  });

export const POLICY_RULES: readonly Rule[] = [
  snapshotWithinRpo,
  beatWithinPeriod,
  activeIsASite,
  windowsRunForwards,
  knownFields,
  healsWhatCanChange,
  ignoredOrHealed,
  oneSourceOfArtifacts,
  fewEnoughTags,
  secretProblems,
];
