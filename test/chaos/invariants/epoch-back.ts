import { REGIONS } from '../scene.ts';
import type { Invariant } from './invariant.ts';

export const epochBack: Invariant = {
  name: 'epoch-goes-back',
  promise: 'the epoch of a record, of a state row and the one that rules only grow, unless somebody meddled with them',
  watch: (scene, violate) => {
    const seen = new Map<string, number>();
    const look = (what: string, epoch: number | undefined) => {
      if (epoch === undefined) return;
      const before = seen.get(what) ?? -1;
      if (epoch < before) violate(`${what} falls from ${before} to ${epoch}`);
      seen.set(what, epoch);
    };
    return {
      sample: () => {
        for (const region of REGIONS) {
          const { role, epoch } = scene.airflow(region);
          look(`the row of ${region}`, role === undefined ? undefined : epoch);
          look(`the record in ${region}`, scene.record(region)?.epoch);
        }
        look('the ruling epoch', scene.highest);
      },
      meddled: () => {
        seen.clear();
      },
    };
  },
};
