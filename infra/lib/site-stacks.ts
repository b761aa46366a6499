import type { App } from 'aws-cdk-lib';
import type { Deployment, SiteIndex } from '../../action/src/domain/deployment.ts';
import { requireRepository } from './repository.ts';
import { SiteStack, type Tenant } from './site-stack.ts';

const INDICES: readonly SiteIndex[] = [0, 1];

/** One stack for each account and Region in which a deployment has a site, sorted by name. */
export function siteStacks(app: App, deployments: readonly Deployment[]): SiteStack[] {
  const repository = requireRepository(app);
  const places = new Map<string, { account: string; region: string; partition: string; tenants: Tenant[] }>();
  for (const deployment of deployments) {
    requireOneAccount(deployment);
    for (const index of INDICES) {
      const { account, region } = deployment.sites[index];
      const id = `mwaadr-${account}-${region}`;
      const place = places.get(id) ?? { account, region, partition: deployment.partition, tenants: [] };
      place.tenants.push({ deployment, index });
      places.set(id, place);
    }
  }
  const replicate = app.node.tryGetContext('phase') !== 'buckets';
  const owners = new Map<string, SiteStack>();
  return [...places]
    .sort(([left], [right]) => left.localeCompare(right))
    .map(([id, place]) => {
      const owner = owners.get(place.account);
      const hasRoles = place.tenants.some(({ index }) => index === 0);
      const stack = new SiteStack(app, id, {
        ...place,
        repository,
        replicate,
        ownsOidcProvider: hasRoles && owner === undefined,
      });
      if (hasRoles && owner === undefined) owners.set(place.account, stack);
      if (hasRoles && owner !== undefined) stack.addStackDependency(owner, 'its roles trust the OIDC provider there');
      return stack;
    });
}

function requireOneAccount({ deployment, sites }: Deployment): void {
  if (sites[0].account === sites[1].account) return;
  throw new Error(
    `environments/${deployment}.json: the sites are in two accounts (${sites[0].account}, ${sites[1].account}). ` +
      'The infrastructure supports one account for both: replication addresses the key of the peer by its alias, which KMS resolves within one account.',
  );
}
