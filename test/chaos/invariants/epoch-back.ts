import { REGIONS } from '../scene.ts';
import type { Scene } from '../scene.ts';
import type { Invariant } from './invariant.ts';

export const epochBack: Invariant = {
  name: 'epoch-goes-back',
  promise: 'no epoch that counted is lost: state rows and the ruling epoch grow, and a record stays at what it claimed',
  watch: (scene, violate) => {
    const counted = new Map<string, number>();
    const look = (what: string, now: number, counts = now) => {
      const before = counted.get(what) ?? -1;
      if (now < before) violate(`${what} falls from ${before} to ${now}`);
      counted.set(what, Math.max(before, counts));
    };
    return {
      sample: () => {
        for (const region of REGIONS) {
          const { row } = scene.airflow(region);
          if (row !== undefined) look(`the row of ${region}`, row);
          // A claim that was overtaken may be withdrawn: its epoch still stands there, and counts for nothing.
          const record = scene.record(region);
          if (record !== undefined) look(`the record in ${region}`, record.written.epoch, record.epoch);
        }
        if (areWhole(scene)) look('the ruling epoch', scene.highest);
      },
      meddled: () => {
        counted.clear();
      },
    };
  },
};

/** With a record that cannot be read, nobody knows which epoch rules. */
const areWhole = (scene: Scene): boolean => REGIONS.every((region) => scene.record(region) !== undefined);
