import { describe, expect, test } from '@jest/globals';
import { keys } from '../../action/src/domain/names.ts';
import type { VerifyResult } from '../../action/src/domain/results.ts';
import type { MemoryS3 } from '../doubles/memory-s3.ts';
import { Story, WEST } from '../doubles/story.ts';

const PART = /\/dag_run\/(inert|live)-0001$/;

interface Shelf {
  readonly story: Story;
  readonly s3: MemoryS3;
  readonly bucket: string;
  /** Keys of the two parts of the newest snapshot at the standby. */
  readonly inert: string;
  readonly live: string;
  /** Verifies it, and says which parts were downloaded. */
  readonly verify: (
    raw?: Readonly<Record<string, string>>,
  ) => Promise<{ result: VerifyResult; downloaded: readonly string[] }>;
  readonly body: (key: string) => Uint8Array;
}

async function aShelf(): Promise<Shelf> {
  const story = await Story.ofARunningDeployment();
  const [s3, bucket] = [story.universe.s3(WEST), story.universe.bucket(WEST)];
  const id = story.snapshots(WEST).at(-1) ?? '';
  const part = (layer: string) => `${keys.snapshots('example')}${id}/dag_run/${layer}-0001`;
  return {
    story,
    s3,
    bucket,
    inert: part('inert'),
    live: part('live'),
    verify: async (raw = {}) => {
      const downloaded: string[] = [];
      const watch = ({ operation, key }: { operation: string; key: string }) => {
        if (operation === 'GetObject' && PART.test(key)) downloaded.push(key);
      };
      const result = await story.run('verify', { snapshot: id, ...raw }, story.process({ watch }));
      return { result: result as VerifyResult, downloaded };
    },
    body: (key) => s3.get(bucket, key)?.body ?? new Uint8Array(),
  };
}

const flipped = (body: Uint8Array): Uint8Array => body.map((byte, index) => (index === 20 ? byte ^ 1 : byte));

describe('verify compares what S3 says of each part, and downloads one', () => {
  test('and says so', async () => {
    const { verify, body } = await aShelf();
    const { result, downloaded } = await verify();
    expect(downloaded).toHaveLength(1);
    expect(result).toMatchObject({ parts: 2, compared: 1, read: 1, downloaded: body(downloaded[0] ?? '').length });
  });

  test('another one from run to run', async () => {
    const { story, verify, inert, live } = await aShelf();
    const turns = new Set<string>();
    for (let run = 0; run < 20; run += 1) {
      for (const key of (await verify()).downloaded) turns.add(key);
      await story.minutes(1);
    }
    expect(turns).toEqual(new Set([inert, live]));
  });

  test('with `deep` it downloads all', async () => {
    const { verify, inert, live } = await aShelf();
    const { result, downloaded } = await verify({ deep: 'true' });
    expect([...downloaded].sort()).toEqual([inert, live].sort());
    expect(result).toMatchObject({ parts: 2, compared: 0, read: 2, downloaded: result.bytes });
  });

  test('a part that S3 has no SHA-256 of is downloaded, too', async () => {
    const { s3, bucket, verify, inert, live, body } = await aShelf();
    for (const key of [inert, live]) s3.putByHand(bucket, key, body(key));
    const { result, downloaded } = await verify();
    expect([...downloaded].sort()).toEqual([inert, live].sort());
    expect(result).toMatchObject({ compared: 0, read: 2, downloaded: result.bytes });
  });
});

describe('without `deep`, in every run', () => {
  /** So often that each part is the one that is downloaded, and one that is not. */
  const RUNS = 8;

  const DAMAGES: readonly (readonly [string, string, (shelf: Shelf) => void])[] = [
    [
      'a flipped byte',
      'dag_run/inert-0001 has',
      ({ s3, bucket, inert, body }) => void s3.put(bucket, inert, flipped(body(inert)), 'any'),
    ],
    [
      'a flipped byte in an object without a SHA-256',
      'dag_run/inert-0001 has',
      ({ s3, bucket, inert, body }) => {
        s3.putByHand(bucket, inert, flipped(body(inert)));
      },
    ],
    [
      'a part that is missing',
      'dag_run/live-0001 is missing',
      ({ s3, bucket, live }) => {
        s3.delete(bucket, live);
      },
    ],
    [
      'two parts in each other’s place',
      'dag_run/inert-0001 has',
      ({ s3, bucket, inert, live, body }) => {
        const [one, other] = [body(inert), body(live)];
        s3.put(bucket, inert, other, 'any');
        s3.put(bucket, live, one, 'any');
      },
    ],
  ];

  test.each(DAMAGES)('%s is found', async (_, told, damage) => {
    const shelf = await aShelf();
    damage(shelf);
    for (let run = 0; run < RUNS; run += 1) {
      await expect(shelf.verify()).rejects.toMatchObject({
        code: 'MDR-SNAPSHOT-PART',
        message: expect.stringContaining(told),
      });
      await shelf.story.minutes(1);
    }
  });
});

describe('what S3 says of an object is not all', () => {
  test('a byte that has changed under a right checksum is found by `deep`, and by the run that downloads its part', async () => {
    const shelf = await aShelf();
    shelf.s3.rot(shelf.bucket, shelf.inert);
    const found = { code: 'MDR-SNAPSHOT-PART', message: expect.stringContaining('dag_run/inert-0001 has') };
    await expect(shelf.verify({ deep: 'true' })).rejects.toMatchObject(found);
    let good = 0;
    let bad = 0;
    for (let run = 0; run < 20; run += 1) {
      await shelf.verify().then(
        () => (good += 1),
        () => (bad += 1),
      );
      await shelf.story.minutes(1);
    }
    expect(good).toBeGreaterThan(0);
    expect(bad).toBeGreaterThan(0);
  });

  test('whoever may not use the key of the objects is shown no checksum and no content: that is no defect', async () => {
    const shelf = await aShelf();
    shelf.s3.sealed = (key) => PART.test(key);
    await expect(shelf.verify()).rejects.toMatchObject({ quality: 'denied', operation: 'GetObject' });
  });
});
