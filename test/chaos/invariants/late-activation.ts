import type { Invariant } from './invariant.ts';

export const lateActivation: Invariant = {
  name: 'late-activation',
  promise: 'no site becomes active in an epoch below one that it can read',
  watch: (scene, violate) => ({
    activated: ({ region, epoch, runId }) => {
      const readable = scene.readableTo(region);
      if (epoch < readable) violate(`${runId} makes ${region} active in epoch ${epoch}, and it can read ${readable}`);
    },
  }),
};
