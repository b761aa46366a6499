import type { Deployment } from '../domain/deployment.ts';
import { AwsFault } from '../domain/faults.ts';
import { refuseSnapshot, requireMac, requireWrap, snapshotContext } from '../domain/snapshot-integrity.ts';
import type { Side } from './sides.ts';
import type { FoundSnapshot } from './snapshots.ts';

/**
 * The data key of a snapshot, by the key of `side`, when its manifest is the one that was sealed with it: nobody writes
 * such a manifest by mistake. Throws `MDR-SNAPSHOT-KEY`, `MDR-SNAPSHOT-MANIFEST`.
 */
export async function openManifest(
  side: Side,
  deployment: Deployment,
  { id, manifest, raw }: Pick<FoundSnapshot, 'id' | 'manifest' | 'raw'>,
): Promise<Uint8Array> {
  const wrap = requireWrap(manifest, [side.region], side.region);
  const context = snapshotContext(deployment.deployment, id);
  const dataKey = await unwrap(side, id, wrap, context);
  requireMac(manifest, raw, dataKey);
  return dataKey;
}

async function unwrap(
  side: Side,
  id: string,
  wrap: { readonly keyArn: string; readonly ciphertext: string },
  context: Record<string, string>,
): Promise<Uint8Array> {
  try {
    return await side.ports.keys.decrypt(wrap.keyArn, Buffer.from(wrap.ciphertext, 'base64'), context);
  } catch (cause) {
    if (!(cause instanceof AwsFault)) throw cause;
    const why = `${wrap.keyArn} does not unwrap its data key: ${cause.awsCode} ${cause.message}`;
    throw refuseSnapshot('MDR-SNAPSHOT-KEY', id, why, cause);
  }
}
