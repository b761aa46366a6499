import type { Wrap } from './manifest.ts';
import { seal } from './envelope.ts';
import { iso } from './stored-json.ts';

/** The KMS encryption context of a site's saved environment. */
export const environmentContext = (deployment: string, region: string): Record<string, string> => ({
  'mwaadr:deployment': deployment,
  'mwaadr:environment': region,
});

/** The stored, encrypted form of GetEnvironment's whole answer, which may hold secrets in its options. */
export function environmentCopy(copy: {
  readonly deployment: string;
  readonly site: string;
  readonly savedAt: number;
  readonly raw: unknown;
  readonly dataKey: Uint8Array;
  readonly wraps: readonly Wrap[];
  readonly nonce: Uint8Array;
}): object {
  const plaintext = Buffer.from(JSON.stringify(copy.raw), 'utf8');
  const sealed = seal(copy.dataKey, copy.nonce, plaintext, `${copy.deployment}/environment/${copy.site}`);
  return {
    schemaVersion: 1,
    deployment: copy.deployment,
    site: copy.site,
    savedAt: iso(copy.savedAt),
    wraps: copy.wraps,
    nonce: Buffer.from(copy.nonce).toString('base64'),
    ciphertext: Buffer.from(sealed).toString('base64'),
  };
}
