import { ACCOUNT } from '../topology.ts';
import type { RawRequest } from './observe.ts';

/** What the action and the DR DAGs add to their user agent. */
const OURS = 'mwaa-dr-action';

/**
 * Whether S3 would refuse a request because of the owner that it expects a bucket to have, which moto does not look at.
 * Everybody may leave it out but we: one request of ours that does may be the one that trusts a stranger's bucket.
 */
export function expectsAnotherOwner({ headers }: RawRequest): boolean {
  const isOurs = headers['user-agent']?.includes(OURS) === true;
  const expected = [headers['x-amz-expected-bucket-owner']];
  if (headers['x-amz-copy-source'] !== undefined) expected.push(headers['x-amz-source-expected-bucket-owner']);
  return expected.some((owner) => (owner === undefined ? isOurs : owner !== ACCOUNT));
}
