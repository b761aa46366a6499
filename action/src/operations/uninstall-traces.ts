import pLimit from 'p-limit';
import type { Deployment } from '../domain/deployment.ts';
import type { Inputs } from '../domain/inputs.ts';
import { DAG_IDS, dagsKey, isOurDag, keys } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { UninstalledSite } from '../domain/results.ts';
import { isAsInstalled } from './install.ts';
import type { DagFile } from './install.ts';
import type { Side } from './sides.ts';
import type { Place } from './uninstall-databases.ts';
import { waitFor } from './wait.ts';

/** Seconds. Airflow looks for lost DAG files every five minutes. */
const FORGETTING_TAKES = 1_800;
const DELETIONS_AT_ONCE = 16;

export type Counts = Pick<UninstalledSite, 'files' | 'dags' | 'objects'>;
export const NOTHING: Counts = { files: 0, dags: 0, objects: 0 };

/** Files, the DAGs that were made of them, and objects; all but the control records. */
export async function removeTraces(
  world: World,
  deployment: Deployment,
  places: readonly Place[],
  files: readonly DagFile[],
  inputs: Inputs<'uninstall'>,
): Promise<readonly Counts[]> {
  const counts: Counts[] = [];
  for (const { side } of places) counts.push({ ...NOTHING, files: await removeFiles(side, files) });
  for (const [index, { side, hasEnvironment }] of places.entries()) {
    const dags = hasEnvironment ? await forgetDags(world, side) : 0;
    counts[index] = { ...(counts[index] ?? NOTHING), dags, objects: await removeObjects(side, deployment, inputs) };
  }
  return counts;
}

/** The DAGs before their configuration, without which they could not be parsed. */
async function removeFiles(side: Side, files: readonly DagFile[]): Promise<number> {
  let removed = 0;
  for (const file of files.toReversed()) {
    if ((await isAsInstalled(side, file)) !== true) continue;
    await side.ports.objects.delete(side.site.dagsBucket, dagsKey(side.site, file.path));
    removed += 1;
  }
  return removed;
}

/** Waits until Airflow has noticed that the files are gone: a DAG that is deleted before comes back. */
async function forgetDags(world: World, { region, site, ports: { airflow } }: Side): Promise<number> {
  const { environment } = site;
  const isGone = async () => !(await airflow.dags(environment)).some(({ dagId }) => isOurDag(dagId));
  await waitFor(
    world,
    `Airflow of ${region} to notice that the DAG files are gone`,
    FORGETTING_TAKES,
    async () => (await isGone()) || undefined,
    () => 10_000,
  );
  let deleted = 0;
  for (const dagId of Object.values(DAG_IDS)) {
    const answer = await waitFor(world, `the deletion of ${dagId} in ${region}`, FORGETTING_TAKES, async () => {
      const done = await airflow.deleteDag(environment, dagId);
      return done === 'busy' ? undefined : done;
    });
    if (answer === 'deleted') deleted += 1;
  }
  return deleted;
}

/** Heartbeats, observations and notes; with `erase` also what tells of the past. */
export async function removeObjects(
  side: Side,
  { deployment }: Deployment,
  { erase }: Inputs<'uninstall'>,
): Promise<number> {
  const past = [keys.snapshots(deployment), keys.results(deployment), keys.evidencePrefix(deployment)];
  const prefixes = [keys.sites(deployment), keys.controlPrefix(deployment), ...(erase ? past : [])];
  const lists = await Promise.all(prefixes.map((prefix) => side.ports.objects.list(side.bucket, prefix)));
  const doomed = lists
    .flat()
    .map(({ key }) => key)
    .filter((key) => erase || !key.startsWith(keys.journals(deployment)));
  await forget(side, doomed);
  return doomed.length;
}

export async function forget({ ports, bucket }: Side, doomed: readonly string[]): Promise<void> {
  const limit = pLimit(DELETIONS_AT_ONCE);
  await limit.map(doomed, (key) => ports.objects.delete(bucket, key));
}
