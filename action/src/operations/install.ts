import { withoutUninstall } from '../domain/control-record.ts';
import type { ControlRecord } from '../domain/control-record.ts';
import { dagsConfiguration } from '../domain/dags-configuration.ts';
import type { Deployment } from '../domain/deployment.ts';
import { sha256 } from '../domain/envelope.ts';
import { requireConsistent } from '../domain/first-record.ts';
import type { Inputs } from '../domain/inputs.ts';
import { leaseRuns } from '../domain/lease.ts';
import { dagsKey } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { InstallResult, InstalledSite } from '../domain/results.ts';
import { toStored } from '../domain/stored-json.ts';
import { changeControl, readControl } from './control.ts';
import { held } from './held-lease.ts';
import { readHeartbeat } from './heartbeats.ts';
import { writeFirstRecord } from './reconcile-records.ts';
import { bothSides } from './sides.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

/**
 * Brings control records, the DR DAGs and their configuration to both sites; what is there already is left alone. With
 * `wait` it stays until both canaries say that the hold is installed.
 */
export async function install(world: World, deployment: Deployment, inputs: Inputs<'install'>): Promise<InstallResult> {
  const [first, second] = bothSides(world, deployment);
  const before = [await readControl(first, deployment), await readControl(second, deployment)];
  const records = before.flatMap((loaded) => (loaded === undefined ? [] : [loaded.record]));
  requireConsistent(deployment, records);
  for (const side of [first, second]) await takeBackUninstall(world, deployment, side, records);
  const files = await filesOf(world, deployment);
  const installed = [
    await installSite(world, deployment, first, records, files),
    await installSite(world, deployment, second, records, files),
  ] as const;
  const sites = [
    { ...installed[0], holdInstalled: await holdIsInstalled(world, deployment, first, inputs.wait) },
    { ...installed[1], holdInstalled: await holdIsInstalled(world, deployment, second, inputs.wait) },
  ] as const;
  const changed = installed.some(({ uploaded, control }) => uploaded.length > 0 || control === 'created');
  return { operation: 'install', deployment: deployment.deployment, changed, sites };
}

export interface DagFile {
  readonly path: string;
  readonly body: Uint8Array | string;
}

/** The configuration first: the DAGs cannot be parsed without it. */
export async function filesOf(world: World, deployment: Deployment): Promise<readonly DagFile[]> {
  return [{ path: 'deployment.json', body: toStored(dagsConfiguration(deployment)) }, ...(await world.drDags())];
}

/** The control record before the DAGs: a canary that finds none installs no hold. */
function installSite(
  world: World,
  deployment: Deployment,
  side: Side,
  records: readonly ControlRecord[],
  files: readonly DagFile[],
): Promise<Omit<InstalledSite, 'holdInstalled'>> {
  return world.log.group(`Install at ${side.region}`, async () => {
    const created = await writeFirstRecord(world, side, deployment, records);
    const uploaded: string[] = [];
    for (const file of files) if (await upload(side, file)) uploaded.push(file.path);
    world.log.info(`${uploaded.length} file(s) uploaded, ${files.length - uploaded.length} as they were`);
    return {
      region: side.region,
      uploaded,
      unchanged: files.length - uploaded.length,
      control: created ? 'created' : 'present',
    };
  });
}

/** Whether the file in the bucket is this very one; `undefined` when there is none. */
export async function isAsInstalled({ site, ports }: Side, { path, body }: DagFile): Promise<boolean | undefined> {
  const there = await ports.objects.sha256(site.dagsBucket, dagsKey(site, path));
  return there && there.sha256 === sha256(body);
}

async function upload(side: Side, file: DagFile): Promise<boolean> {
  const { site, ports } = side;
  if (await isAsInstalled(side, file)) return false;
  await ports.objects.put(site.dagsBucket, dagsKey(site, file.path), file.body, 'any');
  return true;
}

/** Before the DAGs, whose canary installs nothing while its record asks for an uninstall. Throws `MDR-LEASE-HELD`. */
async function takeBackUninstall(
  world: World,
  deployment: Deployment,
  side: Side,
  records: readonly ControlRecord[],
): Promise<void> {
  if (records.every(({ site, uninstall }) => site !== side.region || uninstall === undefined)) return;
  await changeControl(world, side, deployment, (record, date) => {
    if (record.uninstall !== undefined && leaseRuns(record.lease, date)) throw held(record.lease.holder, side);
    return withoutUninstall(record);
  });
  world.log.info(`the uninstall of ${side.region} is taken back`);
}

async function holdIsInstalled(world: World, deployment: Deployment, side: Side, wait: number): Promise<boolean> {
  const isInstalled = async () => (await readHeartbeat(side, deployment, side.region))?.hold.installed === true;
  if (wait === 0) return isInstalled();
  return waitFor(world, `the hold at ${side.region}`, wait, async () => (await isInstalled()) || undefined);
}
