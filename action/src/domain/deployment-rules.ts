import type { Deployment } from './deployment.ts';

export interface RuleProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What the schema cannot say: fields that must agree with each other. */
export function ruleProblems(deployment: Deployment): readonly RuleProblem[] {
  return RULES.flatMap((rule) => rule(deployment));
}

type Rule = (deployment: Deployment) => readonly RuleProblem[];

const unless = (holds: boolean, path: RuleProblem['path'], message: string): readonly RuleProblem[] =>
  holds ? [] : [{ path, message }];

const PARTITION_PREFIX = { aws: '', 'aws-us-gov': 'us-gov-', 'aws-cn': 'cn-' } as const;

const partitionOfRegion = (region: string): Deployment['partition'] => {
  if (region.startsWith(PARTITION_PREFIX['aws-us-gov'])) return 'aws-us-gov';
  return region.startsWith(PARTITION_PREFIX['aws-cn']) ? 'aws-cn' : 'aws';
};

const RULES: readonly Rule[] = [
  ({ sites: [a, b] }) =>
    unless(
      a.region !== b.region,
      ['sites', 1, 'region'],
      `both sites are in ${a.region}: a deployment survives the loss of a Region only with its sites in two`,
    ),
  ({ sites: [a, b] }) =>
    unless(
      a.dagsBucket !== b.dagsBucket,
      ['sites', 1, 'dagsBucket'],
      `both sites use the bucket ${a.dagsBucket}: a bucket lives in one Region and is lost with it`,
    ),
  ({ partition, sites }) =>
    sites.flatMap((site, index) =>
      unless(
        partitionOfRegion(site.region) === partition,
        ['sites', index, 'region'],
        `${site.region} is not a Region of the partition ${partition}`,
      ),
    ),
  ({ snapshot, objectives }) =>
    unless(
      snapshot.everySeconds <= objectives.rpoSeconds,
      ['snapshot', 'everySeconds'],
      `a snapshot every ${snapshot.everySeconds} s cannot meet an RPO of ${objectives.rpoSeconds} s`,
    ),
  ({ canary, health }) =>
    unless(
      canary.everySeconds <= health.periodSeconds,
      ['canary', 'everySeconds'],
      `a beat every ${canary.everySeconds} s leaves health periods of ${health.periodSeconds} s without one`,
    ),
];
