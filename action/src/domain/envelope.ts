import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM; the answer is ciphertext and tag. The nonce must never have been used with this key before. */
export function seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: string): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associated, 'utf8'));
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Reverses {@link seal}. Throws when key, nonce, associated data or a single bit are not those it was sealed with. */
export function unseal(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: string): Uint8Array {
  if (sealed.length < TAG_BYTES) throw new RangeError('shorter than its tag');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
    .setAAD(Buffer.from(associated, 'utf8'))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
}

/** Reverses the sealing of a part of a snapshot: the nonce stands in its first 12 bytes. */
export const unsealPart = (key: Uint8Array, part: Uint8Array, associated: string): Uint8Array =>
  unseal(key, part.subarray(0, NONCE_BYTES), part.subarray(NONCE_BYTES), associated);

export type KeyPurpose = 'mwaadr/parts/v1' | 'mwaadr/manifest/v1';

export const deriveKey = (dataKey: Uint8Array, purpose: KeyPurpose): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', dataKey, new Uint8Array(0), purpose, 32));

/**
 * JSON with sorted keys and no spaces: the same bytes from Python and from here, as long as all numbers are integers.
 * Members that are undefined are left out, as JSON does.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value as Readonly<Record<string, unknown>>)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}

/** HMAC-SHA256, hex, over the canonical JSON of a manifest without its `mac`. */
export function manifestMac(dataKey: Uint8Array, manifest: Readonly<Record<string, unknown>>): string {
  const { mac: _mac, ...rest } = manifest;
  return createHmac('sha256', deriveKey(dataKey, 'mwaadr/manifest/v1'))
    .update(canonicalJson(rest), 'utf8')
    .digest('hex');
}

export const sameHex = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
