import type { SiteFacts } from './doctor-facts.ts';
import type { SecurityGroup, Subnet } from './doctor-ports.ts';
import { answerOf, failing, look } from './doctor-outcome.ts';
import type { Outcome, Remark } from './doctor-outcome.ts';

const CURE =
  'Correct `networkConfiguration` in the deployment file; subnets of an environment that is there never change.';

/** The network in which the environment is, or would be made. */
export function networkChecks({ site, settings, subnets, groups }: SiteFacts): readonly Outcome[] {
  const { network } = settings;
  if (network === undefined || subnets === undefined || groups === undefined) return [];
  const where = `${site.region}, ${site.environment}`;
  return [
    look('subnets', where, 'ec2:DescribeSubnets', subnets, (found) => unfit(network.subnets, found)),
    look('security-groups', where, 'ec2:DescribeSecurityGroups', groups, (found) =>
      foreign(network.groups, found, answerOf(subnets) ?? []),
    ),
  ];
}

const without = (ids: readonly string[], found: readonly { readonly id: string }[]): readonly string[] =>
  ids.filter((id) => !found.some((one) => one.id === id));

/** Amazon MWAA User Guide, "About networking": two subnets in two zones of one VPC. */
function unfit(ids: readonly string[], found: readonly Subnet[]): Remark | undefined {
  const missing = without(ids, found);
  if (missing.length > 0) return failing(`there is no ${missing.join(' and no ')}`, CURE);
  if (found.length !== 2) return failing(`there are ${found.length} subnets, and MWAA takes two`, CURE);
  if (different(found.map(({ vpc }) => vpc)) > 1) {
    return failing(`its subnets are in two VPCs: ${words(found, 'vpc')}`, CURE);
  }
  return different(found.map(({ zone }) => zone)) === 2
    ? undefined
    : failing(`its subnets are in one zone: ${words(found, 'zone')}`, CURE);
}

function foreign(
  ids: readonly string[],
  found: readonly SecurityGroup[],
  subnets: readonly Subnet[],
): Remark | undefined {
  const missing = without(ids, found);
  if (missing.length > 0) return failing(`there is no ${missing.join(' and no ')}`, CURE);
  const vpcs = subnets.map(({ vpc }) => vpc);
  const elsewhere = found.filter(({ vpc }) => vpcs.length > 0 && !vpcs.includes(vpc));
  if (elsewhere.length === 0) return undefined;
  return failing(`${words(elsewhere, 'vpc')}, but its subnets in ${[...new Set(vpcs)].join(', ')}`, CURE);
}

const different = (values: readonly string[]): number => new Set(values).size;

const words = <K extends string>(found: readonly ({ readonly id: string } & Readonly<Record<K, string>>)[], of: K) =>
  found.map((one) => `${one.id} in ${one[of]}`).join(', ');
