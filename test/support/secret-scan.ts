/** Finds planted secrets in bytes, in clear or in any of the disguises in which secrets leak. */
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';

export interface Finding {
  readonly where: string;
  readonly secret: string;
  readonly disguise: string;
}

/** What is left of a base64 text that starts `offset` bytes into a group of three: the characters that do not depend on the neighbours. */
function base64At(secret: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), secret])
    .toString('base64')
    .replaceAll('=', '');
  const head = Math.ceil((offset * 8) / 6);
  const whole = Math.floor(((offset + secret.length) * 8) / 6);
  return text.slice(head, whole);
}

function disguises(secret: string): [string, string][] {
  const bytes = Buffer.from(secret, 'utf8');
  const base64 = [0, 1, 2].map((offset) => base64At(bytes, offset));
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    ['clear', secret],
    ['json', json],
    ['json twice', JSON.stringify(json).slice(1, -1)],
    ['url', encodeURIComponent(secret)],
    ['hex', bytes.toString('hex')],
    ...base64.map((text): [string, string] => ['base64', text]),
    ...base64.map((text): [string, string] => ['base64url', text.replaceAll('+', '-').replaceAll('/', '_')]),
  ];
}

const MAGIC: readonly { name: string; bytes: Buffer; unpack: (packed: Buffer) => Buffer }[] = [
  {
    name: 'gzip',
    bytes: Buffer.from([0x1f, 0x8b, 0x08]),
    unpack: (packed) => gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }),
  },
  { name: 'zstd', bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: (packed) => zstdDecompressSync(packed) },
];

/** Everything that is packed somewhere in the bytes, unpacked; base64 text of packed bytes too. */
function unpacked(bytes: Buffer): [string, Buffer][] {
  const found: [string, Buffer][] = [];
  for (const { name, bytes: magic, unpack } of MAGIC) {
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      try {
        found.push([name, unpack(bytes.subarray(at))]);
      } catch {
        // these three or four bytes were no start of a stream: nothing to read here
      }
    }
  }
  for (const [text] of bytes.toString('latin1').matchAll(/(?:H4sI|KLUv)[A-Za-z0-9+/]{20,}={0,2}/g)) {
    for (const [name, inner] of unpacked(Buffer.from(text, 'base64'))) found.push([`${name} in base64`, inner]);
  }
  return found;
}

export function findSecrets(where: string, content: Uint8Array | string, secrets: readonly string[]): Finding[] {
  const bytes = Buffer.from(content as Uint8Array);
  const layers: [string, Buffer][] = [['', bytes], ...unpacked(bytes)];
  return layers.flatMap(([layer, inner]) =>
    secrets.flatMap((secret) =>
      disguises(secret)
        .filter(([, text]) => inner.includes(text) || (text === secret && inner.includes(Buffer.from(text, 'utf16le'))))
        .slice(0, 1)
        .map(([disguise]) => ({ where, secret, disguise: layer === '' ? disguise : `${disguise} in ${layer}` })),
    ),
  );
}
