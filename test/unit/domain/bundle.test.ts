import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { unzipSync } from 'fflate';
import {
  announcementOf,
  bundleManifestOf,
  isManifestOf,
  parseBundleManifest,
} from '../../../action/src/domain/bundle-manifest.ts';
import type { BundleManifest } from '../../../action/src/domain/bundle-manifest.ts';
import { zipOf } from '../../../action/src/domain/bundle-zip.ts';
import {
  bundleOf,
  dagsDigest,
  FILE_LIMIT,
  fingerprintOf,
  isDagFile,
  requireDagFiles,
} from '../../../action/src/domain/bundle.ts';
import { toStored } from '../../../action/src/domain/stored-json.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'));
const file = (path: string, text = path) => ({ path, ...fingerprintOf(bytes(text)) });

describe('the files of a bundle', () => {
  test.each([
    ['orders.py', true],
    ['team/sql/orders.sql', true],
    ['.airflowignore', true],
    ['team/.airflowignore', true],
    ['.DS_Store', false],
    ['.hidden/orders.py', false],
    ['.airflowignore/orders.py', false],
    ['mwaadr/mwaadr_dags.py', false],
    ['team/mwaadr/orders.py', true],
    ['__pycache__/orders.cpython-311.pyc', false],
    ['team/__pycache__/readme.txt', false],
    ['orders.pyc', false],
  ])('%s: %s', (path, isOne) => {
    expect(isDagFile(path)).toBe(isOne);
  });

  test.each([
    ['nothing', undefined, 'dags is no folder with files in it'],
    ['only what is not deployed', [{ path: '.gitkeep', size: 0 }], 'dags is no folder with files in it'],
    ['a control character', [{ path: 'a\nb.py', size: 1 }], String.raw`"dags/a\nb.py" has a control character`],
    ['a path too long for a key', [{ path: 'ä'.repeat(413), size: 1 }], 'is longer than 824 bytes'],
    [
      'a file too large',
      [{ path: 'a.bin', size: FILE_LIMIT + 1 }],
      'dags/a.bin has 67108865 bytes, more than 67108864',
    ],
    [
      'too much',
      Array.from({ length: 9 }, (_, index) => ({ path: `${index}`, size: FILE_LIMIT })),
      'dags has 603979776 bytes, more than 536870912',
    ],
    [
      'too many',
      Array.from({ length: 20_001 }, (_, index) => ({ path: `${index}`, size: 1 })),
      'dags holds 20001 files, more than 20000',
    ],
  ])('a folder with %s is refused', (_, listed, message) => {
    const files = listed?.map((one) => ({ ...one, executable: false }));
    expect(() => requireDagFiles('dags', files)).toThrow(message);
  });
});

describe('digests', () => {
  test('of DAG files are over lines of path and content, in the order of the bytes of the path', () => {
    const lines = ['B.py', 'a.py', 'ä.py'].map((path) => `${path} ${file(path).sha256}\n`).join('');
    const expected = createHash('sha256').update(lines).digest('hex');
    expect(dagsDigest([file('ä.py'), file('a.py'), file('B.py')])).toBe(expected);
  });

  test('of the bundle change with every part of it, and with nothing else', () => {
    const dags = { folder: 'dags', files: [file('a.py'), file('b.py')] };
    const requirements = file('requirements.txt');
    const whole = bundleOf(dags, { requirements }).digest;
    expect(bundleOf({ folder: 'other', files: dags.files.toReversed() }, { requirements }).digest).toBe(whole);
    const others = [
      bundleOf(undefined, { requirements }),
      bundleOf(dags, {}),
      bundleOf(dags, { plugins: requirements }),
      bundleOf({ folder: 'dags', files: [file('a.py'), file('b.py', 'other')] }, { requirements }),
      bundleOf(dags, { requirements: file('requirements.txt', 'other') }),
    ].map(({ digest }) => digest);
    expect(new Set([whole, ...others]).size).toBe(6);
  });
});

describe('a zip of plugins', () => {
  const files = [
    { path: 'b/shop.py', executable: false, content: bytes('shop') },
    { path: 'a.sh', executable: true, content: bytes('#!/bin/sh') },
  ];

  test('holds the files', () => {
    const unzipped = unzipSync(zipOf(files));
    expect(Object.keys(unzipped)).toEqual(['a.sh', 'b/shop.py']);
    expect(Buffer.from(unzipped['b/shop.py'] ?? []).toString()).toBe('shop');
  });

  test('has the same bytes whatever the order, on every machine and in every release', () => {
    for (const zip of [zipOf(files), zipOf(files.toReversed())])
      expect(fingerprintOf(zip).sha256).toBe('e7001963835db2412c15aadbe4bc78ab82e011543fd9da645f2dba6cc8d2b74a');
  });
});

describe('the manifest', () => {
  const bundle = bundleOf({ folder: 'dags', files: [file('a.py'), file('b.py')] }, { requirements: file('r.txt') });
  const at = Date.parse('2026-11-24T10:00:00Z');
  const by = { commit: 'c1', actor: 'me', at };
  const site = { etags: new Map([['a.py', '"1"']]), versions: { requirements: 'v1' } };
  const NONE = [undefined, undefined] as const;
  const manifest = bundleManifestOf('example', bundle, by, NONE, [site, { etags: new Map(), versions: {} }]);
  const stored = (one: BundleManifest) => parseBundleManifest(bytes(toStored(one)), 's3://b/k', 'example');
  const without = (path: string) =>
    bundleOf({ folder: 'dags', files: bundle.dags?.files.filter((one) => one.path !== path) ?? [] }, bundle.pinned);

  test('survives being stored', () => {
    expect(stored(manifest)).toEqual(manifest);
    expect(manifest.files[0]).toEqual({ path: 'a.py', sha256: file('a.py').sha256, size: 4, etags: ['"1"', null] });
    expect(manifest.pinned.requirements).toMatchObject({ versions: ['v1', null] });
  });

  test.each([
    ['damaged', bytes('{'), 'it is no JSON'],
    ['of another release', bytes(JSON.stringify({ ...manifest, schemaVersion: 2 })), 'schemaVersion'],
    ['of another deployment', bytes(JSON.stringify({ ...manifest, deployment: 'other' })), 'the manifest of other'],
  ])('that is %s is refused', (_, body, message) => {
    expect(() => parseBundleManifest(body, 's3://b/k', 'example')).toThrow(message);
  });

  test('is complete once it says what is deployed, and not while something is pending', () => {
    expect(isManifestOf(manifest, 'example', bundle)).toBe(true);
    const announced = announcementOf('example', by, [manifest, undefined], [file('c.py')]);
    expect(isManifestOf(announced, 'example', bundle)).toBe(false);
    expect(isManifestOf(undefined, 'example', bundle)).toBe(false);
    expect(isManifestOf(manifest, 'example', without('b.py'))).toBe(false);
  });

  test('keeps a tombstone of what has left the repository for a year, or until it is back', () => {
    const later = (days: number) => ({ ...by, commit: 'c2', at: at + days * 86_400_000 });
    const deleted = bundleManifestOf('example', without('b.py'), later(1), [manifest, manifest], [site, site]);
    const tombstone = {
      path: 'b.py',
      sha256: file('b.py').sha256,
      deletedAt: '2026-11-25T10:00:00.000Z',
      commit: 'c2',
    };
    expect(deleted.tombstones).toEqual([tombstone]);
    const next = (days: number, of = without('b.py')) =>
      bundleManifestOf('example', of, later(days), [deleted, manifest], [site, site]).tombstones;
    expect(next(365)).toEqual([tombstone]);
    expect(next(366)).toEqual([]);
    expect(next(2, bundle)).toEqual([]);
  });

  test('remembers what was announced and never said to be complete', () => {
    const first = announcementOf('example', by, NONE, [file('x.py')]);
    const second = announcementOf('example', by, [first, undefined], [file('x.py'), file('y.py')]);
    expect(second.pending.map(({ path }) => path)).toEqual(['x.py', 'y.py']);
    const complete = bundleManifestOf('example', bundle, by, [second, undefined], [site, site]);
    expect(complete.pending).toEqual([]);
    expect(complete.tombstones.map(({ path }) => path)).toEqual(['x.py', 'y.py']);
  });
});
