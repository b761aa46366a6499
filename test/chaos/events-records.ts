import type { Event } from './events.ts';
import { REGIONS } from './scene.ts';
import type { Region, Scene } from './scene.ts';

type Json = Readonly<Record<string, unknown>>;

/** A Region of which something can be lost. One thing at a time: after two nobody can know who was active. */
function spare(scene: Scene): Region | undefined {
  const isWhole = REGIONS.every((each) => scene.record(each) !== undefined && scene.airflow(each).role !== undefined);
  const region = scene.random.pick(REGIONS);
  return isWhole && !scene.universe.isLost(region) ? region : undefined;
}

/** Writes a record by hand, as a mistaken or malicious holder of the bucket does. */
function rewrite(scene: Scene, what: string, change: (record: Json) => Json | string): void {
  const region = spare(scene);
  if (region === undefined) return;
  const s3 = scene.universe.s3(region);
  const bucket = scene.universe.bucket(region);
  const before = readable(s3.get(bucket, scene.controlKey)?.body);
  if (before === undefined) return;
  const after = change(before);
  s3.put(bucket, scene.controlKey, typeof after === 'string' ? after : JSON.stringify(after), 'any');
  scene.tell('meddled', region);
  scene.note(`the record in ${region} ${what}`);
}

function readable(body: Uint8Array | undefined): Json | undefined {
  try {
    return body === undefined ? undefined : (JSON.parse(Buffer.from(body).toString('utf8')) as Json);
  } catch {
    return undefined;
  }
}

function recordIsLost(scene: Scene): void {
  const region = spare(scene);
  if (region === undefined) return;
  scene.universe.s3(region).delete(scene.universe.bucket(region), scene.controlKey);
  scene.tell('meddled', region);
  scene.note(`the record in ${region} is deleted`);
}

const isDamaged = (scene: Scene) => {
  rewrite(scene, 'is damaged', () => '{"schemaVersion":');
};

/** A claim that names no move: written by a release that knows no better, or by hand. */
const isVoid = (scene: Scene) => {
  const ahead = 1 + scene.random.below(3);
  rewrite(scene, 'gets a claim without a move', (record) => ({
    ...record,
    epoch: Number(record['epoch']) + ahead,
    phase: 'claimed',
    move: null,
  }));
};

const leaps = (scene: Scene) => {
  const ahead = 2_000 + scene.random.below(10_000);
  rewrite(scene, 'leaps', (record) => ({
    ...record,
    epoch: Number(record['epoch']) + ahead,
    phase: 'activated',
    activated: { ...(record['activated'] as Json), epoch: Number(record['epoch']) + ahead },
  }));
};

function rowIsLost(scene: Scene): void {
  const region = spare(scene);
  if (region === undefined) return;
  scene.airflow(region).loseRow();
  scene.tell('meddled', region);
  scene.note(`the state row of ${region} is lost`);
}

export const RECORD_EVENTS: readonly Event[] = [
  { name: 'a record is lost', weight: 4, happen: recordIsLost },
  { name: 'a record is damaged', weight: 4, happen: isDamaged },
  { name: 'a claim names no move', weight: 5, happen: isVoid },
  { name: 'an epoch leaps', weight: 4, happen: leaps },
  { name: 'a state row is lost', weight: 5, happen: rowIsLost },
];
