import { exitOf } from '../../../action/src/report/fail-on.ts';
import { isCheck } from '../operations.ts';
import { REGIONS } from '../scene.ts';
import type { Scene } from '../scene.ts';
import type { Invariant } from './invariant.ts';

/** Milliseconds after which the heartbeats say what the databases say. */
const KNOWN_AFTER = 300_000;

export const falseHealthy: Invariant = {
  name: 'false-healthy',
  promise: 'no check is green while nobody is active and no move is at work',
  watch: (scene, violate) => {
    let nobodySince: number | undefined;
    let workUntil = 0;
    let readableSince = scene.now;
    return {
      sample: () => {
        nobodySince = isEverybodyHeld(scene) ? (nobodySince ?? scene.now) : undefined;
        if (scene.hasMoveAtWork) workUntil = scene.now;
        if (!isAllReadable(scene)) readableSince = scene.now;
      },
      ended: ({ by, result }) => {
        if (!by.isLetIn || !isCheck(result) || exitOf(result, 'unhealthy').code !== 0 || scene.hasMoveAtWork) return;
        const from = by.startedAt - KNOWN_AFTER;
        const isKnowable = nobodySince !== undefined && nobodySince < from && readableSince < from && workUntil < from;
        if (isKnowable) violate(`${by.name} says ${result.verdict.key}, and nobody is active`);
      },
    };
  },
};

/** At a site that has lost its row the user's DAGs run. */
const isEverybodyHeld = (scene: Scene): boolean => REGIONS.every((region) => scene.airflow(region).role === 'standby');

/** Nothing hides from an observer outside. */
function isAllReadable({ universe }: Scene): boolean {
  return REGIONS.every((region) => universe.troubleOf('outside', 's3', region) === undefined);
}
