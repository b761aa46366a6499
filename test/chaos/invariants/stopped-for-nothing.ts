import { othersUpTo } from '../record-view.ts';
import { REGIONS, siteOf } from '../scene.ts';
import type { Invariant } from './invariant.ts';

/** Milliseconds after which records, heartbeats or snapshots prove an activation: before, a lost row cannot come back. */
const PROVEN_AFTER = 300_000;

export const stoppedForNothing: Invariant = {
  name: 'stopped-for-nothing',
  promise: 'an active site becomes a standby only by a claim or an activation of the other side above its epoch',
  watch: (scene, violate) => {
    const active = new Map<string, number>();
    let peak = -1;
    return {
      sample: () => {
        peak = Math.max(peak, scene.highest);
        for (const region of REGIONS) {
          const { role, epoch } = scene.airflow(region);
          const before = active.get(region);
          if (role === 'active') active.set(region, epoch);
          if (role !== 'standby' || before === undefined) continue;
          active.delete(region);
          const isProven = scene.now - (scene.activations.at(-1)?.at ?? 0) > PROVEN_AFTER;
          if (isProven && othersUpTo(peak, siteOf(region)) <= before)
            violate(`${region}, active in epoch ${before}, stopped`);
        }
      },
    };
  },
};
