/**
 * The whole line on real Airflow, by the bundle: faults that are no outages, flipped bytes, a lost Region, a failover
 * that is killed after each of its steps, the return of the old side. `MWAADR_AIRFLOW=3.3.1` plays it on the other
 * generation.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listKeys, readJson } from '../support/dr-bucket.ts';
import { partsWithoutEncryption } from '../support/decrypted.ts';
import { killedAtEachStep } from '../support/killing.ts';
import { scanForLeaks } from '../support/leaks.ts';
import { drBucket, keys } from '../support/names.ts';
import { SECRETS } from '../support/platform.ts';
import { faultsAreNotOutages, flippedBytesAreRefused } from '../support/rehearsals.ts';
import { findSecrets } from '../support/secret-scan.ts';
import { type Story, tellStory } from '../support/story.ts';

const airflow = process.env['MWAADR_AIRFLOW'] === '3.3.1' ? '3.3.1' : '2.10.3';
const NEW = 'us-west-2';
const STEPS = ['planned', 'prepared', 'rechecked', 'claimed', 'fenced', 'activated', 'confirmed'];
const secrets = Object.values(SECRETS);

interface Control {
  epoch: number;
  phase: string;
  activated: { site: string; epoch: number; snapshot: string };
  move: unknown;
  lease: unknown;
  debts: unknown[];
}

describe(`a Region is lost, the workflows go on (Airflow ${airflow})`, () => {
  let story: Story;
  let kills = 0;
  const texts: Record<string, string> = {};

  beforeAll(async () => {
    story = await tellStory({
      airflow,
      log: (line) => process.stderr.write(`${line}\n`),
      rehearse: async (cast) => [...(await faultsAreNotOutages(cast)), ...(await flippedBytesAreRefused(cast))],
      failover: async ({ sandbox }, run) => {
        const killed = await killedAtEachStep(sandbox, NEW, (kill) => run({ kill, mayFail: true }));
        kills = killed.kills;
        return killed.last;
      },
    });
    for (const [operation, { raw, summary, outputs, masked }] of Object.entries(story.runs)) {
      // What is masked before it is printed is the runner's business: `add-mask` lines never reach a reader.
      texts[`log of ${operation}`] = raw
        .split('\n')
        .filter((line) => !masked.some((one) => line.includes(one)))
        .join('\n');
      texts[`summary of ${operation}`] = summary;
      texts[`outputs of ${operation}`] = JSON.stringify(outputs);
    }
  }, 900_000);

  afterAll(async () => {
    await story.sandbox.stop();
  }, 60_000);

  it('keeps every promise of the move and of the return', () => {
    expect(story.claims.length).toBeGreaterThanOrEqual(21);
    expect(story.claims.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('ends as if the failover had never been killed, though it was after each step', async () => {
    expect(kills).toBe(STEPS.length);
    const snapshot = story.runs.failover.outputs['snapshot'];
    const move = story.runs.failover.outputs['move'] ?? '';
    const record = await readJson<Control>(story.sandbox, NEW, keys.control);
    expect(record).toMatchObject({
      epoch: 1,
      phase: 'activated',
      activated: { site: NEW, epoch: 1, snapshot },
      move: null,
      lease: null,
      debts: [],
    });
    const journal = await listKeys(story.sandbox, NEW, keys.journal(move));
    const entries = await Promise.all(journal.map((key) => readJson<{ step: string }>(story.sandbox, NEW, key)));
    expect(entries.map((entry) => entry?.step)).toEqual(STEPS);
  });

  it('loaded into the target, before the commit, what the snapshot holds, table by table', async () => {
    const move = story.runs.failover.outputs['move'] ?? '';
    for (const step of ['restore', 'activate']) {
      const result = await readJson<{ ok: boolean; tables: Record<string, { hash: string; expected: string }> }>(
        story.sandbox,
        NEW,
        keys.result(`${move}-${step}`),
      );
      expect(result?.ok).toBe(true);
      const tables = Object.entries(result?.tables ?? {});
      expect(tables.length).toBeGreaterThan(5);
      for (const [name, { hash, expected }] of tables) expect(`${name} ${hash}`).toBe(`${name} ${expected}`);
    }
  });

  it('shows the planted secrets in no object, log, summary or output', async () => {
    const { looked, findings } = await scanForLeaks(story.sandbox, secrets, texts);
    expect(looked).toBeGreaterThan(100);
    expect(findings).toEqual([]);
  }, 120_000);

  it('would show them if the parts were not encrypted', async () => {
    const snapshot = story.runs.snapshot.outputs['snapshot'] ?? '';
    const open = await partsWithoutEncryption(story.sandbox, NEW, snapshot);
    const found = [...open].flatMap(([part, bytes]) => findSecrets(`s3://${drBucket(NEW)}/${part}`, bytes, secrets));
    expect(new Set(found.map(({ secret }) => secret))).toEqual(new Set(secrets));
  });
});
