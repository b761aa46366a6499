import { DAG_IDS } from '../../action/src/domain/names.ts';
import type { Scene } from './scene.ts';

/** Seconds that a beat takes at most, with both Regions' S3 in trouble, and until its task starts. */
const BEAT_TAKES = 40;

/** Whether a site's canary runs now, and can do what it has to. */
export function canaryRuns(scene: Scene, region: string): boolean {
  const { up, frozen, workersDead, drDags, starved, beatsWithoutLocks } = scene.airflow(region);
  const starts = drDags.get(DAG_IDS.canary) === false && !starved.has(DAG_IDS.canary);
  return up && !frozen && !workersDead && starts && beatsWithoutLocks === 0;
}

/** Milliseconds after which a canary that runs has read what could be read all the time. */
export const beatLimit = ({ universe }: Scene): number => (universe.deployment.canary.everySeconds + BEAT_TAKES) * 1000;
