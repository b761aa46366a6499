import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { zstdCompressSync } from 'node:zlib';
import { errorOf } from '../../../action/src/domain/aws-errors.ts';
import { parseControlRecord } from '../../../action/src/domain/control-record.ts';
import { dagsConfiguration } from '../../../action/src/domain/dags-configuration.ts';
import {
  canonicalJson,
  deriveKey,
  manifestMac,
  seal,
  unseal,
  unsealPart,
} from '../../../action/src/domain/envelope.ts';
import { nextEpoch } from '../../../action/src/domain/epoch.ts';
import { isErrorCode, MdrError } from '../../../action/src/domain/errors.ts';
import { AwsFault } from '../../../action/src/domain/faults.ts';
import { firstRecord, requireConsistent } from '../../../action/src/domain/first-record.ts';
import { INPUTS, OPERATIONS, parseInputs, requireOperation } from '../../../action/src/domain/inputs.ts';
import { leaseRuns, newLease } from '../../../action/src/domain/lease.ts';
import { parseManifest, readSnapshotId, snapshotStamp } from '../../../action/src/domain/manifest.ts';
import { requireReadable } from '../../../action/src/domain/snapshot-integrity.ts';
import { inWords } from '../../../action/src/domain/stored-json.ts';
import { writeSnapshot } from '../../doubles/model-snapshot.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');

function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const bytes = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');

describe('Epochs', () => {
  test('grow, and their parity says whose they are', () => {
    expect([nextEpoch(1, [0]), nextEpoch(0, [1]), nextEpoch(1, [1, 0]), nextEpoch(0, [])]).toEqual([1, 2, 3, 0]);
  });
});

describe('A lease', () => {
  test('runs by the clock of S3 until it expires', () => {
    const lease = newLease('me', 'n', 'failover', NOW, 60);
    expect([leaseRuns(lease, NOW + 59_999), leaseRuns(lease, NOW + 60_000), leaseRuns(null, NOW)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('Control records', () => {
  const first = firstRecord(EXAMPLE_DEPLOYMENT, 'us-east-1', [], NOW);
  const from = (snapshot: string) => ({ ...first, activated: { ...first.activated, snapshot } });
  const expected = { deployment: 'example', site: 'us-east-1' };

  test('are read with keys that we do not know yet', () => {
    expect(parseControlRecord(bytes({ ...first, later: 1 }), 'x', expected)).toEqual(first);
  });

  test.each([
    ['of another version', { ...first, schemaVersion: 2 }],
    ['of another deployment', { ...first, deployment: 'other' }],
    ['of another site', { ...first, site: 'us-west-2' }],
    ['that are no JSON', '{'],
    ['without an epoch', { ...first, epoch: undefined }],
    ['with an activated epoch above the epoch', { ...first, activated: { ...first.activated, epoch: 2 } }],
    ['with an epoch that is activated and is not', { ...first, epoch: 2 }],
  ])('%s are refused', (_, stored) => {
    expect(thrownBy(() => parseControlRecord(bytes(stored), 's3://b/k', expected))).toMatchObject({
      code: 'MDR-CONTROL-INVALID',
      message: expect.stringContaining('s3://b/k') as unknown,
    });
  });

  test.each([
    ['an epoch that activates the other site', [{ ...first, activated: { ...first.activated, site: 'us-west-2' } }]],
    ['two origins of one epoch', [from('s'), from('t')]],
  ])('with %s contradict', (_, records) => {
    expect(
      thrownBy(() => {
        requireConsistent(EXAMPLE_DEPLOYMENT, records);
      }),
    ).toMatchObject({ code: 'MDR-CONTROL-INVALID' });
  });

  test.each([
    ['agree', [first, { ...first, epoch: 1, phase: 'claimed' } as const]],
    ['know of one origin, or not', [first, from('s')]],
  ])('that %s are taken', (_, records) => {
    expect(() => {
      requireConsistent(EXAMPLE_DEPLOYMENT, records);
    }).not.toThrow();
  });
});

describe('The envelope', () => {
  const key = Buffer.alloc(32, 1);
  const nonce = Buffer.alloc(12, 2);

  test('is AES-256-GCM with its tag at the end, as the DAGs write it', () => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from('d/s/t/p'));
    const theirs = Buffer.concat([nonce, cipher.update('text'), cipher.final(), cipher.getAuthTag()]);
    expect(Buffer.from(unsealPart(key, theirs, 'd/s/t/p')).toString()).toBe('text');
  });

  test('opens for nothing but the same key and place', () => {
    const sealed = seal(key, nonce, bytes('text'), 'a');
    expect(() => unseal(key, nonce, sealed, 'b')).toThrow();
    expect(() => unseal(Buffer.alloc(32, 3), nonce, sealed, 'a')).toThrow();
    expect(() => unseal(key, nonce, new Uint8Array(3), 'a')).toThrow(RangeError);
  });

  test('makes its MAC over sorted, unspaced, unescaped JSON', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'ä"' }], a: true })).toBe('{"a":true,"b":[1,{"c":"ä\\"","d":null}]}');
    const macKey = Buffer.from(hkdfSync('sha256', key, '', 'mwaadr/manifest/v1', 32));
    const mac = createHmac('sha256', macKey).update('{"a":1}').digest('hex');
    expect(manifestMac(key, { mac: 'x', a: 1 })).toBe(mac);
  });

  test('unpacks zstd when the manifest says so', () => {
    const facts = {
      deployment: EXAMPLE_DEPLOYMENT,
      id: 'i',
      at: NOW,
      lineage: { site: 's', epoch: 0 },
      tables: { runs: [], dags: new Map() },
    };
    const manifest = parseManifest(writeSnapshot(facts).get('manifest.json') ?? bytes(''), 'm');
    const part = { table: 't', path: 't/p', part: { name: 'p', rows: 1, bytes: 1, sha256: '' } };
    const sealed = seal(deriveKey(key, 'mwaadr/parts/v1'), nonce, zstdCompressSync('rows'), 'example/i/t/p');
    const body = Buffer.concat([nonce, sealed]);
    expect(() => {
      requireReadable({ ...manifest, compression: 'zstd' }, part, body, key);
    }).not.toThrow();
    expect(() => {
      requireReadable(manifest, part, body, key);
    }).toThrow(MdrError);
  });
});

describe('Snapshot ids', () => {
  test('say when and in which epoch, and sort by time', () => {
    expect(readSnapshotId('20261124T100000Z-e3-ab12cd34')).toEqual({ epoch: 3, at: NOW });
    expect(readSnapshotId('base')).toBeUndefined();
    expect(snapshotStamp(NOW)).toBe('20261124T100000Z');
  });
});

describe('Inputs', () => {
  test.each([
    ['failovr', 'did you mean "failover"?'],
    ['x', 'is no operation'],
  ])('an operation %s is refused', (name, told) => {
    expect(thrownBy(() => requireOperation(name))).toMatchObject({
      code: 'MDR-INPUT-OPERATION',
      message: expect.stringContaining(told) as unknown,
    });
  });

  test('every operation is known by its name', () => {
    for (const name of OPERATIONS) expect(INPUTS[requireOperation(name)]).toBeDefined();
  });

  test('that were not given have their defaults', () => {
    expect(parseInputs('check', { wait: '', observer: '' })).toEqual({ wait: 0, observer: 'action' });
  });

  test.each([
    ['check', { wait: 'soon' }, 'MDR-INPUT-INVALID', 'whole number'],
    ['check', { wate: '1' }, 'MDR-INPUT-INVALID', 'did you mean "wait"?'],
    ['failover', { target: 'us-west-2' }, 'MDR-INPUT-MISSING', '`reason` is missing'],
    [
      'failover',
      { target: 'us-west-2', reason: 'x', confirm: 'x', override: 'forse' },
      'MDR-INPUT-INVALID',
      'did you mean "force"?',
    ],
    ['verify', { snapshot: 'newest' }, 'MDR-INPUT-INVALID', 'id of a snapshot'],
  ] as const)('%s with %j is refused', (operation, raw, code, told) => {
    expect(thrownBy(() => parseInputs(operation, raw))).toMatchObject({
      code,
      message: expect.stringContaining(told) as unknown,
    });
  });
});

describe('Errors', () => {
  test.each([
    ['denied', 'MDR-AWS-DENIED'],
    ['throttled', 'MDR-AWS-THROTTLED'],
    ['dark', 'MDR-AWS-DARK'],
    ['error', 'MDR-AWS-ERROR'],
  ] as const)('of AWS that are %s become %s', (quality, code) => {
    const fault = new AwsFault({
      quality,
      service: 's3',
      region: 'r',
      operation: 'GetObject',
      awsCode: 'X',
      message: 'm',
    });
    expect(errorOf(fault)).toMatchObject({ code, message: 's3 GetObject in r: X m' });
  });

  test('are known by their codes', () => {
    expect([isErrorCode('MDR-INTERNAL'), isErrorCode('MDR-X'), isErrorCode(null)]).toEqual([true, false, false]);
  });
});

test('the DAGs are told the names of everything at both sites', () => {
  expect(dagsConfiguration(EXAMPLE_DEPLOYMENT)).toMatchObject({
    schemaVersion: 1,
    sites: [
      { drBucket: 'mwaadr-111122223333-us-east-1', keyArn: 'arn:aws:kms:us-east-1:111122223333:alias/mwaadr' },
      { environment: 'example-us-west-2' },
    ],
    snapshot: { everySeconds: 600 },
  });
});

test('a time is told without false precision', () => {
  expect([inWords(1_400), inWords(150_000), inWords(10_000_000)]).toEqual(['1 s', '3 min', '3 h']);
});
