import type { Service, Unreadable } from '../../action/src/domain/faults.ts';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import { RECORD_EVENTS } from './events-records.ts';
import { fateOf, stillBeforeAPause } from './mishaps.ts';
import { run } from './operations.ts';
import { otherRegion, REGIONS } from './scene.ts';
import type { Scene } from './scene.ts';

/** Something that happens, and how often beside the others. */
export interface Event {
  readonly name: string;
  readonly weight: number;
  readonly happen: (scene: Scene) => void;
}

const MINUTE = 60_000;

/** Goes on for some minutes, then ends by itself, or when everything is healed. */
export function forAWhile(scene: Scene, what: string, minutes: number, end: () => void): void {
  scene.note(`${what}, for ${minutes} min`);
  let isOver = false;
  const over = () => {
    if (isOver) return;
    isOver = true;
    end();
    scene.note(`over: ${what}`);
  };
  scene.undo.push(over);
  scene.universe.clock.after(minutes * MINUTE, over);
}

export const failoverTo = (target: string, isForced: boolean): Readonly<Record<string, string>> => ({
  target,
  reason: 'chaos',
  confirm: 'example',
  ...(isForced ? { override: 'force' } : {}),
});

/** A failover, more often than not to the side that should not be active; one in four times a second one at once. */
function failover(scene: Scene): void {
  const { random, profile } = scene;
  const ruling = REGIONS[Math.max(0, scene.highest) % 2] ?? REGIONS[0];
  const wanted = random.chance(0.6) ? otherRegion(ruling) : random.pick(REGIONS);
  const target = scene.universe.isLost(wanted) && random.chance(0.7) ? otherRegion(wanted) : wanted;
  const isForced = random.chance(profile.force);
  const isStill = profile.pauses && random.chance(0.6);
  void run(scene, 'failover', failoverTo(target, isForced), isStill ? stillBeforeAPause(random) : fateOf(random));
  if (!random.chance(0.25)) return;
  const second = random.chance(0.5) ? target : random.pick(REGIONS);
  void run(scene, 'failover', failoverTo(second, isForced), fateOf(random));
}

function check(scene: Scene): void {
  const inputs: Readonly<Record<string, string>> = scene.random.chance(0.4) ? { wait: '1500' } : {};
  void run(scene, 'check', inputs, fateOf(scene.random));
}

function loseOrReturn(scene: Scene): void {
  const region = scene.random.pick(REGIONS);
  const isLost = scene.universe.isLost(region);
  scene.note(`${region} ${isLost ? 'returns' : 'is lost'}`);
  if (isLost) scene.universe.bringBack(region);
  else scene.universe.lose(region);
}

function returnAll(scene: Scene): void {
  for (const region of REGIONS.filter((each) => scene.universe.isLost(each))) {
    scene.note(`${region} returns`);
    scene.universe.bringBack(region);
  }
}

function cutOrMend(scene: Scene): void {
  const { universe } = scene;
  if (universe.isCut) universe.mend();
  else universe.cut();
  scene.note(universe.isCut ? 'the Regions do not reach each other' : 'the Regions reach each other again');
}

const SERVICES = ['s3', 's3', 'airflow-env', 'airflow-env', 'airflow-api', 'cloudwatch', 'sts', 'kms'] as const;
const QUALITIES = ['dark', 'denied', 'throttled'] as const;

/** A service of a Region fails for everybody, for those outside, or for one of the sites. */
function serviceFails(scene: Scene): void {
  const { random, universe } = scene;
  const service: Service = random.pick(SERVICES);
  const quality: Unreadable = random.pick(QUALITIES);
  const region = random.pick(REGIONS);
  const observer = random.pick([undefined, undefined, 'outside', random.pick(REGIONS)]);
  const end = universe.fault({ service, quality, region, ...(observer === undefined ? {} : { observer }) });
  forAWhile(scene, `${service} of ${region} is ${quality} for ${observer ?? 'all'}`, 1 + random.below(60), end);
}

const DR_DAGS = [DAG_IDS.canary, DAG_IDS.snapshot, DAG_IDS.restore, DAG_IDS.activate] as const;

function drDagStops(scene: Scene): void {
  const { random } = scene;
  const region = random.pick(REGIONS);
  const dagId = random.pick([DAG_IDS.canary, DAG_IDS.canary, DAG_IDS.activate, random.pick(DR_DAGS)]);
  const { drDags, starved } = scene.airflow(region);
  const isPaused = random.chance(0.5);
  if (isPaused) drDags.set(dagId, true);
  else starved.add(dagId);
  forAWhile(scene, `${dagId} of ${region} is ${isPaused ? 'paused' : 'starved'}`, 2 + random.below(40), () => {
    drDags.set(dagId, false);
    starved.delete(dagId);
  });
}

/** Of the site that is active, and has to be stopped by the next move. */
function canaryStops(scene: Scene): void {
  const region = REGIONS[Math.max(0, scene.highest) % 2] ?? REGIONS[0];
  const { starved } = scene.airflow(region);
  starved.add(DAG_IDS.canary);
  forAWhile(scene, `the canary of ${region} gets no worker`, 15 + scene.random.below(30), () => {
    starved.delete(DAG_IDS.canary);
  });
}

function schedulerFreezes(scene: Scene): void {
  const region = scene.random.pick(REGIONS);
  const airflow = scene.airflow(region);
  airflow.frozen = true;
  forAWhile(scene, `the scheduler of ${region} stands still`, 2 + scene.random.below(40), () => {
    airflow.frozen = false;
  });
}

function locksAreHeld(scene: Scene): void {
  const region = scene.random.pick(REGIONS);
  const airflow = scene.airflow(region);
  airflow.beatsWithoutLocks = scene.random.below(8);
  airflow.lockedDags.add('orders');
  forAWhile(scene, `locks are held in the database of ${region}`, 1 + scene.random.below(10), () => {
    airflow.beatsWithoutLocks = 0;
    airflow.lockedDags.clear();
  });
}

const FAILED = { ok: false, outcome: 'failed', message: 'disk full' };
const WAYS_TO_FAIL = [FAILED, 'lost', 'lost after commit'] as const;

function dataPathFails(scene: Scene): void {
  const { random } = scene;
  const region = random.pick(REGIONS);
  const dagId = random.pick([DAG_IDS.activate, DAG_IDS.activate, DAG_IDS.restore]);
  const how = random.pick<(typeof WAYS_TO_FAIL)[number]>(WAYS_TO_FAIL);
  const { spoiled } = scene.airflow(region);
  spoiled.set(dagId, how);
  const what = `runs of ${dagId} at ${region} end as ${typeof how === 'object' ? 'failed' : how}`;
  forAWhile(scene, what, 5 + random.below(60), () => void spoiled.delete(dagId));
}

function environmentUpdates(scene: Scene): void {
  const region = scene.random.pick(REGIONS);
  const airflow = scene.airflow(region);
  airflow.status = 'UPDATING';
  forAWhile(scene, `${region} is UPDATING`, 5 + scene.random.below(60), () => {
    airflow.status = 'AVAILABLE';
  });
}

const isPart = (key: string): boolean => !key.endsWith('manifest.json');

function partsAreLate(scene: Scene): void {
  const { universe, random } = scene;
  const late = random.pick([5, 20] as const);
  universe.replicationTakes = (key) => (isPart(key) ? late * MINUTE : universe.normalReplication);
  forAWhile(scene, `parts of snapshots take ${late} min`, 5 + random.below(90), () => {
    universe.replicationTakes = () => universe.normalReplication;
  });
}

function partsAreLost(scene: Scene): void {
  const { universe, random } = scene;
  universe.drops = isPart;
  forAWhile(scene, 'parts of snapshots do not arrive', 5 + random.below(30), () => {
    universe.drops = () => false;
  });
}

const MOVES: readonly Event[] = [
  { name: 'failover', weight: 32, happen: failover },
  { name: 'check', weight: 12, happen: check },
  { name: 'install', weight: 2, happen: (scene) => void run(scene, 'install', {}, fateOf(scene.random)) },
  { name: 'status', weight: 1, happen: (scene) => void run(scene, 'status', {}) },
  { name: 'snapshot', weight: 1, happen: (scene) => void run(scene, 'snapshot', {}, fateOf(scene.random)) },
  { name: 'a Region is lost or returns', weight: 11, happen: loseOrReturn },
  { name: 'every lost Region returns', weight: 10, happen: returnAll },
];

const TROUBLES: readonly Event[] = [
  { name: 'the Regions are cut off from each other, or no more', weight: 5, happen: cutOrMend },
  { name: 'a service fails', weight: 11, happen: serviceFails },
  { name: 'a DR DAG is stopped', weight: 4, happen: drDagStops },
  { name: 'a scheduler freezes', weight: 1, happen: schedulerFreezes },
  { name: 'locks are held', weight: 2, happen: locksAreHeld },
  { name: 'the data path fails', weight: 3, happen: dataPathFails },
  { name: 'an environment is updated', weight: 1, happen: environmentUpdates },
  { name: 'parts are late', weight: 3, happen: partsAreLate },
  { name: 'parts are lost', weight: 2, happen: partsAreLost },
];

/** With weights that are about a hundred in sum. */
export function eventsOf({ profile }: Scene): readonly Event[] {
  const troubles = TROUBLES.map((event) => ({ ...event, weight: event.weight * profile.troubles }));
  const stops: readonly Event[] = [{ name: 'the canary of the active site stops', weight: 30, happen: canaryStops }];
  return [...MOVES, ...troubles, ...(profile.records ? RECORD_EVENTS : []), ...(profile.pauses ? stops : [])];
}
