import type { Deployment } from './deployment.ts';
import { drBucket, keyAliasArn } from './names.ts';

/** deployment.json: what the DR DAGs know, the same at both sites. */
export const dagsConfiguration = (deployment: Deployment): object => ({
  schemaVersion: 1,
  deployment: deployment.deployment,
  airflowVersion: deployment.airflowVersion,
  sites: deployment.sites.map((site) => ({
    region: site.region,
    account: site.account,
    environment: site.environment,
    dagsBucket: site.dagsBucket,
    dagsPath: site.dagsPath,
    drBucket: drBucket(site),
    keyArn: keyAliasArn(deployment, site),
  })),
  snapshot: { everySeconds: deployment.snapshot.everySeconds },
  canary: { everySeconds: deployment.canary.everySeconds },
});
