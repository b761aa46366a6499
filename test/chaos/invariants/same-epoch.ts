import type { Invariant } from './invariant.ts';

export const sameEpoch: Invariant = {
  name: 'same-epoch-twice',
  promise: 'an epoch becomes active once, and at one site',
  watch: (scene, violate) => ({
    activated: ({ region, epoch, runId }) => {
      const before = scene.activations.find((known) => known.epoch === epoch);
      if (before !== undefined) violate(`${runId} activates epoch ${epoch} in ${region}, as ${before.runId} had done`);
    },
  }),
};
