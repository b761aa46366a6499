import { keys } from '../../../action/src/domain/names.ts';
import { readSnapshotId } from '../../../action/src/domain/manifest.ts';
import { REGIONS } from '../scene.ts';
import type { Activation, Scene } from '../scene.ts';
import type { Invariant } from './invariant.ts';

/** Milliseconds after an activation in which its proofs get to where they can be. */
const PROVEN_AFTER = 300_000;

export const deadBranch: Invariant = {
  name: 'dead-branch',
  promise:
    'what is activated comes from what was active last, as far as the bucket of the target proves it at the claim',
  watch: (scene, violate) => {
    /** Epoch that was claimed → what its target's bucket proved then. */
    const proven = new Map<number, readonly Activation[]>();
    return {
      sample: () => {
        for (const region of REGIONS) {
          const view = scene.record(region);
          if (view?.isClaim !== true || view.written.move?.to !== region || proven.has(view.epoch)) continue;
          proven.set(view.epoch, provenIn(scene, region));
        }
      },
      activated: ({ epoch, snapshot, runId }) => {
        const lineage = readSnapshotId(snapshot)?.epoch ?? -1;
        const newer = proven.get(epoch)?.find((known) => known.epoch > lineage && known.epoch < epoch);
        if (newer !== undefined)
          violate(`${runId} loads ${snapshot}, though ${newer.region} had been active in ${newer.epoch}`);
      },
      meddled: () => {
        proven.clear();
      },
    };
  },
};

function provenIn(scene: Scene, region: string): readonly Activation[] {
  const old = scene.activations.filter(({ at }) => scene.now - at > PROVEN_AFTER);
  return old.filter((activation) => isProven(scene, region, activation));
}

function isProven(scene: Scene, region: string, activation: Activation): boolean {
  const { deployment } = scene.universe.deployment;
  const s3 = scene.universe.s3(region);
  const bucket = scene.universe.bucket(region);
  if (scene.written(region)?.activated.epoch === activation.epoch) return true;
  const beat = s3.json(bucket, keys.heartbeat(deployment, activation.region));
  if (beat?.['role'] === 'active' && beat['epoch'] === activation.epoch) return true;
  const prefix = keys.snapshots(deployment);
  return s3.list(bucket, prefix).some(({ key }) => {
    const id = key.endsWith('/manifest.json') ? key.slice(prefix.length).split('/')[0] : undefined;
    return readSnapshotId(id ?? '')?.epoch === activation.epoch;
  });
}
