import type { Invariant } from './invariant.ts';

export const sameEpoch: Invariant = {
  name: 'same-epoch-twice',
  promise: 'an epoch becomes active once, and at one site',
  watch: (scene, violate) => {
    const rowsLost = new Map<string, number>();
    return {
      meddled: (where) => {
        for (const region of where.split(',')) {
          if (scene.airflow(region).role === undefined) rowsLost.set(region, scene.now);
        }
      },
      activated: ({ region, epoch, runId }) => {
        const before = scene.activations.findLast((known) => known.epoch === epoch);
        // One that lost its row before anything told of it is made active again by the same move.
        if (before === undefined || (before.region === region && (rowsLost.get(region) ?? 0) > before.at)) return;
        violate(`${runId} activates epoch ${epoch} in ${region}, as ${before.runId} had done`);
      },
    };
  },
};
