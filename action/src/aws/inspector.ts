import type { Inspector } from '../domain/doctor-ports.ts';
import { eachRegion } from './each-region.ts';
import { createNetwork } from './ec2.ts';
import { createRights } from './iam.ts';
import { createKeyFacts } from './kms-facts.ts';
import { createQuotas } from './quotas.ts';
import { createBuckets } from './s3-bucket.ts';
import type { S3Session } from './session.ts';

/** What `doctor` asks in each Region, made when it is first asked for. */
export function createInspectors(session: S3Session): (region: string) => Inspector {
  return eachRegion((region) => ({
    region,
    buckets: createBuckets(session, region),
    keyFacts: createKeyFacts(session, region),
    rights: createRights(session, region),
    network: createNetwork(session, region),
    quotas: createQuotas(session, region),
  }));
}
