import { createAirflow } from '../airflow/airflow.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { RegionPorts } from '../domain/ports.ts';
import { createMetrics } from './cloudwatch.ts';
import { eachRegion } from './each-region.ts';
import { createKeys } from './kms.ts';
import { createEnvironments, createRestApi } from './mwaa.ts';
import { createObjectStore } from './s3.ts';
import type { S3Session } from './session.ts';
import { createIdentity } from './sts.ts';

/** Everything of a Region, made when it is first asked for. */
export function createRegions(
  session: S3Session,
  airflowVersion: Deployment['airflowVersion'],
): (name: string) => RegionPorts {
  return eachRegion((region) => ({
    region,
    objects: createObjectStore(session, region),
    environments: createEnvironments(session, region),
    airflow: createAirflow(createRestApi(session, region), airflowVersion),
    metrics: createMetrics(session, region),
    keys: createKeys(session, region),
    identity: createIdentity(session, region),
  }));
}
