import { DAG_IDS } from '../../../action/src/domain/names.ts';
import { othersUpTo } from '../../doubles/model-records.ts';
import { EAST } from '../../doubles/story.ts';
import { otherRegion, REGIONS } from '../scene.ts';
import type { Scene } from '../scene.ts';
import type { Invariant } from './invariant.ts';

/** Seconds that a beat takes at most, with both Regions' S3 in trouble, and until its task starts. */
const BEAT_TAKES = 40;

export const twoActive: Invariant = {
  name: 'two-active',
  promise: 'a side that lost is a standby one beat after it could read so',
  watch: (scene, violate) => {
    let since: number | undefined;
    const limit = (scene.universe.deployment.canary.everySeconds + BEAT_TAKES) * 1000;
    return {
      sample: () => {
        const loser = loserOf(scene);
        since = loser !== undefined && canObey(scene, loser) ? (since ?? scene.now) : undefined;
        if (since !== undefined && scene.now - since > limit)
          violate(`${loser ?? ''} could read it for ${limit / 1000} s`);
      },
      settled: () => {
        if (scene.actives.length > 1) violate('both are active, and all is healed');
      },
    };
  },
};

function loserOf(scene: Scene): string | undefined {
  if (scene.actives.length < 2) return undefined;
  return REGIONS.find((region) => scene.airflow(region).epoch < scene.airflow(otherRegion(region)).epoch);
}

function canObey(scene: Scene, region: string): boolean {
  const { up, frozen, drDags, starved, beatsWithoutLocks, epoch } = scene.airflow(region);
  const beats = up && !frozen && drDags.get(DAG_IDS.canary) === false && !starved.has(DAG_IDS.canary);
  const others = othersUpTo(scene.readableTo(region), region === EAST ? 0 : 1);
  return beats && beatsWithoutLocks === 0 && others > epoch;
}
