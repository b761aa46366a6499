import type { Scene } from '../scene.ts';
import { activeSitePaused } from './active-site-paused.ts';
import { deadBranch } from './dead-branch.ts';
import { deadMove } from './dead-move.ts';
import { crash, debtsLeft, hang } from './ends.ts';
import { epochBack } from './epoch-back.ts';
import { falseHealthy } from './false-healthy.ts';
import type { Invariant } from './invariant.ts';
import { lateActivation } from './late-activation.ts';
import { oldSnapshot } from './old-snapshot.ts';
import { sameEpoch } from './same-epoch.ts';
import { stoppedForNothing } from './stopped-for-nothing.ts';
import { twoActive } from './two-active.ts';

const INVARIANTS: readonly Invariant[] = [
  activeSitePaused,
  lateActivation,
  deadMove,
  oldSnapshot,
  deadBranch,
  twoActive,
  stoppedForNothing,
  sameEpoch,
  epochBack,
  falseHealthy,
  debtsLeft,
  crash,
  hang,
];

/** All of them look on from now on. */
export function watchAll(scene: Scene): void {
  for (const { name, watch } of INVARIANTS) {
    scene.watch(
      watch(scene, (detail) => {
        scene.violate(name, detail);
      }),
    );
  }
}
