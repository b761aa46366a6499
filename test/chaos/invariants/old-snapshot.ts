import { DAG_IDS } from '../../../action/src/domain/names.ts';
import { readSnapshotId } from '../../../action/src/domain/manifest.ts';
import type { Operation } from '../operations.ts';
import type { Scene } from '../scene.ts';
import { SnapshotShelf } from '../snapshot-shelf.ts';
import type { Invariant } from './invariant.ts';

const ORDER = new RegExp(`^POST dags/${DAG_IDS.activate}/dagRuns/(.+)$`);
/** What arrives while a snapshot is chosen and verified need not be seen (milliseconds). */
const CHOOSING_TAKES = 120_000;

export const oldSnapshot: Invariant = {
  name: 'old-snapshot',
  promise: 'an activation takes the newest whole snapshot of its lineage that was there when it was ordered',
  watch: (scene, violate) => {
    const shelf = new SnapshotShelf(scene.universe);
    const tried = new Map<string, number>();
    const ordered = new Map<string, ReadonlyMap<number, string>>();
    return {
      tried: ({ key }, by) => {
        const runId = ORDER.exec(key)?.[1];
        const attempt = `${by.name} ${runId ?? ''}`;
        if (runId !== undefined && !tried.has(attempt)) tried.set(attempt, chosenAt(scene, by));
      },
      called: ({ key, region }, by) => {
        const runId = ORDER.exec(key)?.[1];
        const before = tried.get(`${by.name} ${runId ?? ''}`);
        if (runId === undefined || before === undefined || ordered.has(runId)) return;
        ordered.set(runId, shelf.newestWhole(region, before));
      },
      activated: ({ snapshot, runId, region }) => {
        const newest = ordered.get(runId)?.get(readSnapshotId(snapshot)?.epoch ?? -1);
        if (newest !== undefined && snapshot < newest)
          violate(`${runId} loads ${snapshot} in ${region}, where ${newest} was whole`);
      },
    };
  },
};

/** When the snapshot was chosen at the latest: a process that stood still since then cannot have seen more. */
function chosenAt(scene: Scene, { stoodStill }: Operation): number {
  const latest = scene.now - CHOOSING_TAKES;
  return stoodStill !== undefined && stoodStill.to > latest ? stoodStill.from - CHOOSING_TAKES : latest;
}
