/** Wrapping as KMS promises it: only the same key under the same context opens what it closed. */
const sortedJson = (context: Record<string, string>): string =>
  JSON.stringify(Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1)));

export function wrapKey(keyArn: string, plaintext: Uint8Array, context: Record<string, string>): Uint8Array {
  const hex = Buffer.from(plaintext).toString('hex');
  return Buffer.from(JSON.stringify({ keyArn, context: sortedJson(context), hex }), 'utf8');
}

/** `undefined` = InvalidCiphertextException. */
export function unwrapKey(
  keyArn: string,
  ciphertext: Uint8Array,
  context: Record<string, string>,
): Uint8Array | undefined {
  const wrapped = JSON.parse(Buffer.from(ciphertext).toString('utf8')) as Record<'keyArn' | 'context' | 'hex', string>;
  if (wrapped.keyArn !== keyArn || wrapped.context !== sortedJson(context)) return undefined;
  return Buffer.from(wrapped.hex, 'hex');
}
