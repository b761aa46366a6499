import { isFailover } from '../operations.ts';
import type { Operation } from '../operations.ts';
import type { Scene } from '../scene.ts';
import type { Invariant } from './invariant.ts';

/** The epoch of the move for which a call acts: a DR DAG's run that it orders, or a step that it calls done. */
const ACTS = /^POST dags\/[^/]+\/dagRuns\/mv-(\d+)-|\/journal\/mv-(\d+)-/;

export const deadMove: Invariant = {
  name: 'dead-move-resumed',
  promise:
    'nobody goes on with a move below an epoch that he could read when he began, nor calls one done that moved nothing, nor does one stay behind',
  watch: (scene, violate) => ({
    called: ({ key, operation }, { name, couldRead }) => {
      const acts = operation === 'GetObject' || operation === 'ListObjectsV2' ? null : ACTS.exec(key);
      if (acts === null) return;
      const epoch = Number(acts[1] ?? acts[2]);
      if (epoch < couldRead && epoch < scene.readableTo(name))
        violate(`${name} acts for ${key}, and could read ${couldRead}`);
    },
    ended: ({ by, result }) => {
      if (isFailover(result) && !wasActive(scene, by, result.to, result.epoch)) {
        violate(
          `${by.name} calls ${result.move} to ${result.to} done, which was not active in it since ${by.name} began`,
        );
      }
    },
    settled: () => {
      for (const move of scene.moves) {
        if (move.epoch < scene.highest) violate(`${move.id} stays in a record below epoch ${scene.highest}`);
        if (move.epoch > scene.highest) violate(`${move.id} stays in a record, and nobody is at work on it`);
      }
    },
  }),
};

/** Whether the site was active in that epoch at any time since the operation began. */
function wasActive(scene: Scene, { startedAt }: Operation, region: string, epoch: number): boolean {
  const { role, epoch: row } = scene.airflow(region);
  if (role === 'active' && row === epoch) return true;
  return scene.lastActive(region, epoch) >= startedAt;
}
