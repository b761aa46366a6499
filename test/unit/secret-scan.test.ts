import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { findSecrets } from '../support/secret-scan.ts';

const SECRET = 'P@ss/w0rd+{"warehouse"}&<>';
const AROUND = ['x', 'xy', 'xyz'];

describe('the scan for secrets', () => {
  it.each([
    ['clear', (text: string) => text],
    ['JSON', (text: string) => JSON.stringify({ text })],
    ['JSON in JSON', (text: string) => JSON.stringify({ text: JSON.stringify({ text }) })],
    ['URL', (text: string) => encodeURIComponent(text)],
    ['hex', (text: string) => Buffer.from(text).toString('hex')],
    ['base64', (text: string) => Buffer.from(text).toString('base64')],
    ['base64url', (text: string) => Buffer.from(text).toString('base64url')],
    ['gzip', (text: string) => gzipSync(text)],
    ['zstd', (text: string) => zstdCompressSync(text)],
    ['gzip in base64', (text: string) => gzipSync(text).toString('base64')],
  ])('finds a secret in %s, whatever stands around it', (_, disguise) => {
    for (const around of AROUND) {
      const found = findSecrets('here', disguise(`${around}${SECRET}${around}`), [SECRET, 'another secret']);
      expect(found.map(({ secret }) => secret)).toContain(SECRET);
      expect(found.map(({ secret }) => secret)).not.toContain('another secret');
    }
  });

  it('finds nothing in what holds no secret', () => {
    expect(findSecrets('here', gzipSync('P@ss/w0rd'), [SECRET])).toEqual([]);
    expect(findSecrets('here', Buffer.from([0x1f, 0x8b, 0x08, 0, 1]), [SECRET])).toEqual([]);
  });
});
