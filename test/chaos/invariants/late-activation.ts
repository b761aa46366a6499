import { beatLimit, canaryRuns } from '../canaries.ts';
import { REGIONS } from '../scene.ts';
import type { Scene } from '../scene.ts';
import type { Invariant } from './invariant.ts';

export const lateActivation: Invariant = {
  name: 'late-activation',
  promise: 'no site becomes active in an epoch below one that it can read, or that its canary had the time to read',
  watch: (scene, violate) => {
    const memory = new Map(REGIONS.map((region) => [region as string, new Memory(scene, region)]));
    return {
      sample: () => {
        for (const known of memory.values()) known.look();
      },
      activated: ({ region, epoch, runId }) => {
        const readable = Math.max(scene.readableTo(region), memory.get(region)?.epoch ?? -1);
        if (epoch < readable) violate(`${runId} makes ${region} active in epoch ${epoch}, and it knows ${readable}`);
      },
      meddled: () => {
        for (const region of REGIONS) memory.set(region, new Memory(scene, region));
      },
    };
  },
};

/** What the canary of a site must have read by now. */
class Memory {
  epoch = -1;
  readonly #scene: Scene;
  readonly #region: string;
  #candidate = -1;
  #since = 0;

  constructor(scene: Scene, region: string) {
    this.#scene = scene;
    this.#region = region;
  }

  look(): void {
    const readable = canaryRuns(this.#scene, this.#region) ? this.#scene.readableTo(this.#region) : -1;
    if (readable !== this.#candidate) {
      this.#candidate = readable;
      this.#since = this.#scene.now;
    }
    // A beat that met a running activation leaves the row alone: the one after it counts.
    if (this.#scene.now - this.#since > 2 * beatLimit(this.#scene)) this.epoch = Math.max(this.epoch, readable);
  }
}
