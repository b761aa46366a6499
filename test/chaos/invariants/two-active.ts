import { beatLimit, canaryRuns } from '../canaries.ts';
import { othersUpTo } from '../record-view.ts';
import { otherRegion, REGIONS, siteOf } from '../scene.ts';
import type { Scene } from '../scene.ts';
import type { Invariant } from './invariant.ts';

export const twoActive: Invariant = {
  name: 'two-active',
  promise: 'a side that lost is a standby one beat after it could read so',
  watch: (scene, violate) => {
    let since: number | undefined;
    return {
      sample: () => {
        const loser = loserOf(scene);
        const couldObey = loser !== undefined && canaryRuns(scene, loser) && knows(scene, loser);
        since = couldObey ? (since ?? scene.now) : undefined;
        const seconds = (scene.now - (since ?? scene.now)) / 1000;
        if (seconds * 1000 > beatLimit(scene)) violate(`${loser ?? ''} could read for ${seconds} s that it lost`);
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

const knows = (scene: Scene, region: string): boolean =>
  othersUpTo(scene.readableTo(region), siteOf(region)) > scene.airflow(region).epoch;
