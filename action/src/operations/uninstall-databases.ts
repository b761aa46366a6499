import type { Uninstall } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { DrResult } from '../domain/dr-result.ts';
import { MdrError, isErrorCode } from '../domain/errors.ts';
import { DAG_IDS } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import { iso } from '../domain/stored-json.ts';
import { changeControl, readControl } from './control.ts';
import { runDrDag } from './dr-run.ts';
import type { HeldLease } from './held-lease.ts';
import type { Side } from './sides.ts';

/** Seconds. A removal waits for a snapshot that is being taken. */
const REMOVAL_TAKES = 1_800;

/** A site with what it is in an uninstall. */
export interface Place {
  readonly side: Side;
  readonly role: 'active' | 'standby';
  readonly hasEnvironment: boolean;
}

/** The active site comes first: the hold at the other stays as long as it can. */
export type Places = readonly [Place, Place];

/** What all of it is done with. */
export interface UninstallScene {
  readonly world: World;
  readonly deployment: Deployment;
  readonly lease: HeldLease;
  readonly places: Places;
}

/**
 * Takes what is ours out of both databases. A first run has both sites look before the first of them removes anything:
 * whoever may not do it says so while all is as it was. Answers what each site did, nothing where it was done before.
 */
export async function emptyDatabases(scene: UninstallScene): Promise<readonly (DrResult | undefined)[]> {
  const uninstall = (await underWay(scene)) ?? (await begun(scene));
  if (uninstall.emptied) return [];
  const done: (DrResult | undefined)[] = [];
  for (const place of scene.places) {
    await scene.lease.ensure();
    done.push(place.hasEnvironment ? await run(scene, place.side, uninstall.id, 'remove') : undefined);
  }
  await mark(scene, { ...uninstall, emptied: true });
  return done;
}

/** The uninstall that every record there is asks for. */
async function underWay({ deployment, places }: UninstallScene): Promise<Uninstall | undefined> {
  const loaded = await Promise.all(places.map(({ side }) => readControl(side, deployment)));
  const asked = loaded.flatMap((one) => (one === undefined ? [] : [one.record.uninstall]));
  const [first] = asked;
  if (first === undefined || asked.some((one) => one?.id !== first.id)) return undefined;
  return asked.find((one) => one?.emptied) ?? first;
}

async function begun(scene: UninstallScene): Promise<Uninstall> {
  const { world, places } = scene;
  const id = `un-${world.random.hex(4)}`;
  for (const { side } of places.filter(({ hasEnvironment }) => hasEnvironment)) await run(scene, side, id, 'look');
  const uninstall = { id, since: iso(world.clock.now()), actor: world.actor, emptied: false };
  await mark(scene, uninstall);
  return uninstall;
}

async function mark({ world, deployment, lease, places }: UninstallScene, uninstall: Uninstall): Promise<void> {
  for (const { side } of places) {
    await lease.ensure();
    await changeControl(world, side, deployment, (record) => ({ ...record, uninstall }));
  }
}

/** Throws the DAG's own code, or `MDR-UNINSTALL-FAILED`. */
async function run(
  { world, deployment }: UninstallScene,
  side: Side,
  id: string,
  task: 'look' | 'remove',
): Promise<DrResult> {
  const title = task === 'look' ? `Look at ${side.region}` : `Remove what is ours from the database of ${side.region}`;
  const result = await world.log.group(title, () =>
    runDrDag(world, side, deployment, {
      dagId: DAG_IDS.uninstall,
      runId: `${id}-${task}`,
      conf: () => ({ uninstall: id, task }),
      limitSeconds: REMOVAL_TAKES,
    }),
  );
  if (result.ok) return result;
  throw new MdrError({
    code: isErrorCode(result.code) ? result.code : 'MDR-UNINSTALL-FAILED',
    message: `${result.dagRunId} in ${side.region} ${result.outcome}: ${result.message ?? 'it gave no reason'}`,
    fix: `Do what it says, or read the task log of ${DAG_IDS.uninstall} in ${side.site.environment}; then run the same again.`,
    state:
      task === 'look'
        ? 'nothing was removed, and the deployment goes on as it was'
        : 'what a site has removed stays removed, until `install` takes the uninstall back; the standby keeps its hold until its DAGs are paused',
  });
}
