import type { ControlRecord } from '../domain/control-record.ts';
import { dagsConfiguration } from '../domain/dags-configuration.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { BucketReport, InstalledFile, KeyReport, RightsReport, SiteFacts } from '../domain/doctor-facts.ts';
import { etagShows } from '../domain/doctor-files.ts';
import type { Inspector } from '../domain/doctor-ports.ts';
import { declaredSettings, settingsOf } from '../domain/doctor-settings.ts';
import type { SiteSettings } from '../domain/doctor-settings.ts';
import { sha256 } from '../domain/envelope.ts';
import { EXECUTION_GRANTS } from '../domain/grants.ts';
import { dagsKey, keyAliasArn } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';
import { toStored } from '../domain/stored-json.ts';
import { readHeartbeat } from './heartbeats.ts';
import { simulated } from './doctor-rights.ts';
import { probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';

/** One site, and the inspector of its Region. */
export interface Patient {
  readonly side: Side;
  readonly inspector: Inspector;
  readonly isActive: boolean;
}

/** Everything that can be read of one site; what cannot is said in its place. */
export async function siteFacts(
  world: World,
  deployment: Deployment,
  patient: Patient,
  control: Probe<ControlRecord | undefined>,
): Promise<SiteFacts> {
  const { side, inspector, isActive } = patient;
  const { site, ports } = side;
  const environment = await probe(() => ports.environments.describe(site.environment));
  const found = 'answer' in environment ? environment.answer : undefined;
  const settings = found === undefined ? declaredSettings(deployment, site) : settingsOf(found.raw);
  const isMissing = 'answer' in environment && found === undefined;
  const [dagsBucket, drBucket, drKey, environmentKey, network, execution, files, beat, room, airflow] =
    await Promise.all([
      bucketReport(inspector, site.dagsBucket),
      bucketReport(inspector, side.bucket),
      keyReport(inspector, keyAliasArn(deployment, site)),
      settings.kmsKey === undefined ? undefined : keyReport(inspector, settings.kmsKey),
      networkReport(inspector, settings),
      executionReport(deployment, inspector, settings),
      probe(() => installedFiles(world, deployment, side)),
      probeStored(() => readHeartbeat(side, deployment, site.region)),
      isMissing ? probe(() => roomFor(patient)) : undefined,
      found === undefined ? undefined : airflowReport(world, side),
    ]);
  const artifacts = await Promise.all(
    settings.artifacts.map(async (artifact) => ({
      artifact,
      isThere: await probe(async () => {
        const bucket = settings.sourceBucket ?? site.dagsBucket;
        return (await ports.objects.head(bucket, artifact.key, artifact.version)) !== undefined;
      }),
    })),
  );
  return {
    site,
    isActive,
    environment,
    settings,
    room,
    dagsBucket,
    drBucket,
    drKey,
    environmentKey,
    ...network,
    artifacts,
    execution,
    control,
    files,
    beat,
    importErrors: airflow?.importErrors,
    reportsHeartbeat: airflow?.reportsHeartbeat,
  };
}

async function bucketReport({ buckets }: Inspector, name: string): Promise<BucketReport> {
  const location = await probe(() => buckets.location(name));
  if ('answer' in location && location.answer === undefined) return { name, location, setup: undefined };
  const [versioning, publicAccessBlock, encryption, rules] = await Promise.all([
    probe(() => buckets.versioning(name)),
    probe(() => buckets.publicAccessBlock(name)),
    probe(() => buckets.encryption(name)),
    probe(() => buckets.replication(name)),
  ]);
  return { name, location, setup: { versioning, publicAccessBlock, encryption, rules } };
}

async function keyReport({ keyFacts }: Inspector, name: string): Promise<KeyReport> {
  const key = await probe(() => keyFacts.describe(name));
  const arn = 'answer' in key ? key.answer?.arn : undefined;
  return { name, key, policy: arn === undefined ? undefined : await probe(() => keyFacts.policy(arn)) };
}

async function networkReport(
  { network }: Inspector,
  { network: wanted }: SiteSettings,
): Promise<Pick<SiteFacts, 'subnets' | 'groups'>> {
  if (wanted === undefined) return { subnets: undefined, groups: undefined };
  const [subnets, groups] = await Promise.all([
    probe(() => network.subnets(wanted.subnets)),
    probe(() => network.securityGroups(wanted.groups)),
  ]);
  return { subnets, groups };
}

async function executionReport(
  deployment: Deployment,
  inspector: Inspector,
  { executionRole }: SiteSettings,
): Promise<RightsReport | undefined> {
  if (executionRole === undefined) return undefined;
  const decisions = await probe(() => simulated(inspector, deployment, executionRole, EXECUTION_GRANTS));
  return { principal: executionRole, whose: 'the execution role', decisions };
}

async function roomFor({ side, inspector }: Patient): Promise<{ used: number; quota: number | undefined }> {
  const [names, quota] = await Promise.all([side.ports.environments.list(), inspector.quotas.environments()]);
  return { used: names.length, quota };
}

async function airflowReport({ clock }: World, { ports, site }: Side) {
  const [importErrors, reportsHeartbeat] = await Promise.all([
    probe(() => ports.airflow.importErrors(site.environment)),
    probe(() => ports.metrics.schedulerHeartbeatExisted(site.environment, clock.now())),
  ]);
  return { importErrors, reportsHeartbeat };
}

/** What `install` would write, beside what is there: one list, and the content only where the list shows too little. */
async function installedFiles(world: World, deployment: Deployment, side: Side): Promise<readonly InstalledFile[]> {
  const { site, ports } = side;
  const wanted = [
    { path: 'deployment.json', body: Buffer.from(toStored(dagsConfiguration(deployment)), 'utf8') },
    ...(await world.drDags()),
  ];
  const listed = await ports.objects.list(site.dagsBucket, dagsKey(site, ''));
  const there = new Map(listed.map((object) => [object.key, object]));
  return Promise.all(
    wanted.map(async ({ path, body }): Promise<InstalledFile> => {
      const key = dagsKey(site, path);
      const object = there.get(key);
      if (object === undefined) return { path, state: 'missing' };
      if (object.size !== body.length) return { path, state: 'different' };
      if (etagShows(object.etag, body)) return { path, state: 'same' };
      const content = await ports.objects.sha256(site.dagsBucket, key);
      return { path, state: content?.sha256 === sha256(body) ? 'same' : 'different' };
    }),
  );
}
