import { createHash } from 'node:crypto';

/**
 * Whether S3's ETag alone shows that an object has this content: it is its MD5 when the object came in one part and is
 * not encrypted with KMS (Amazon S3 API Reference, Object). Any other ETag shows nothing.
 */
export const etagShows = (etag: string, body: Uint8Array): boolean =>
  etag.replaceAll('"', '') === createHash('md5').update(body).digest('hex');
