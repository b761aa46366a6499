import { runToItsEnd } from './operations.ts';
import { REGIONS } from './scene.ts';
import type { Scene } from './scene.ts';

const HOURS_FOR_ZOMBIES = 3;
const LONGEST_WAIT_HOURS = 7;

/** All troubles end, but that a Region which is to stay lost stays so. */
export function heal(scene: Scene, staysLost?: string): void {
  const { universe } = scene;
  scene.note(staysLost === undefined ? 'HEAL' : `HEAL all but ${staysLost}`);
  scene.isHealed = true;
  for (const end of scene.undo) end();
  for (const region of REGIONS) {
    scene.airflow(region).startsAfter = 5_000;
    if (universe.isLost(region) && region !== staysLost) universe.bringBack(region);
  }
  if (staysLost !== undefined && !universe.isLost(staysLost)) universe.lose(staysLost);
  universe.mend();
  universe.faults.clear();
}

/** What a refusal tells an operator to do with a record that cannot be read: take it away, and install. */
export async function repairRecords(scene: Scene): Promise<void> {
  const broken = REGIONS.filter((region) => scene.record(region) === undefined);
  if (broken.length === 0) return;
  for (const region of broken) scene.universe.s3(region).delete(scene.universe.bucket(region), scene.controlKey);
  scene.tell('meddled', broken.join());
  await runToItsEnd(scene, 'install', {});
}

/** Whoever stood still wakes up, and comes to an end. */
export async function letZombiesEnd(scene: Scene): Promise<void> {
  await scene.minutes(HOURS_FOR_ZOMBIES * 60);
  for (let waited = 0; waited < LONGEST_WAIT_HOURS * 6 && scene.running.size > 0; waited += 1) await scene.minutes(10);
}
