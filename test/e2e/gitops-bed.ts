import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { keys } from '../../action/src/domain/names.ts';
import type { Plan } from '../../action/src/domain/plan-model.ts';
import { iso, toStored } from '../../action/src/domain/stored-json.ts';
import { GitHubDouble } from '../github/double.ts';
import type { Environment, EnvironmentInput } from '../sandbox/control-plane/environment.ts';
import type { RestRequest, RestResponse } from '../sandbox/control-plane/runtime.ts';
import { provisionBuckets } from '../sandbox/moto.ts';
import { startServices, type Services } from '../sandbox/services.ts';
import { ACCESS_KEYS, drBucket, environmentName, otherRegion, REGIONS, SECRET_KEY } from '../sandbox/topology.ts';
import type { Region } from '../sandbox/types.ts';
import { fileOf, handMade, type File } from './gitops-file.ts';
import { runBundle, type BundleRun, type RunOptions } from './runner.ts';

export const [EAST, WEST] = REGIONS;
export const TOKEN = 'job-token';

/** What is asked of a Region that changes something there. */
const CHANGES = /^(Create|Update|Delete|Tag|Untag|Put|Copy|Complete|Upload|Abort)/;

/** The two Regions and GitHub: everything that the bundle talks to. Deployments of different names share nothing. */
export class Bed {
  readonly services: Services;
  readonly github: GitHubDouble;
  /** Environments whose Airflow has the DR DAGs. */
  readonly #canaries = new Map<string, string>();
  readonly #folders: string[] = [];
  #beats = 0;

  private constructor(services: Services, github: GitHubDouble) {
    this.services = services;
    this.github = github;
    for (const region of REGIONS) {
      const runtime = services.runtime(region);
      runtime.answer = (request) => this.#airflow(region, runtime.calls.at(-1)?.name ?? '', request);
    }
  }

  static async start(): Promise<Bed> {
    return new Bed(await startServices({ quota: 50 }), await GitHubDouble.start(() => Date.now()));
  }

  async stop(): Promise<void> {
    for (const folder of this.#folders) rmSync(folder, { recursive: true });
    await this.services.stop();
    await this.github.close();
  }

  /** A repository with one deployment of `manage: full` whose buckets are there, and whose environments are not. */
  async repository(name: string): Promise<Repository> {
    await this.makeBuckets(`${name}-dags`);
    const folder = mkdtempSync(join(tmpdir(), 'mwaadr-gitops-'));
    this.#folders.push(folder);
    return new Repository(this, folder, name);
  }

  /** A pair of DAGs buckets, `<stem>-<Region>`, that replicate both ways. */
  async makeBuckets(stem: string): Promise<void> {
    const spec = (region: Region) => ({
      name: `${stem}-${region}`,
      region,
      replicatesTo: { bucket: `${stem}-${otherRegion(region)}`, prefixes: [''] },
    });
    await provisionBuckets(this.services.moto, REGIONS.map(spec));
  }

  /** From now on the canary of these environments beats. */
  beat(deployment: string): void {
    for (const region of REGIONS) this.#canaries.set(environmentName(deployment, region), deployment);
  }

  /** Every change asked of both Regions from request `since` on, as `us-west-2 UpdateEnvironment`, oldest first. */
  changesSince(since: Mark): readonly string[] {
    return REGIONS.flatMap((region) =>
      this.services
        .gateway(region)
        .requests.slice(since[region])
        .map((one) => ({ region, ...one })),
    )
      .filter(({ operation }) => CHANGES.test(operation))
      .toSorted((a, b) => a.time.getTime() - b.time.getTime())
      .map(({ region, operation }) => `${region} ${operation}`);
  }

  mark(): Mark {
    const count = (region: Region) => this.services.gateway(region).requests.length;
    return { [EAST]: count(EAST), [WEST]: count(WEST) };
  }

  /** Airflow, well: each look finds a newer beat of its scheduler, and of its canary. */
  async #airflow(region: Region, environment: string, { path }: RestRequest): Promise<RestResponse> {
    if (path === '/importErrors') return { status: 200, body: { import_errors: [], total_entries: 0 } };
    if (path === '/dags') return { status: 200, body: { dags: [], total_entries: 0 } };
    if (!path.endsWith('/health')) return { status: 404, body: { detail: 'not here' } };
    const at = iso(Date.now() + 1_000 * (this.#beats += 1));
    const deployment = this.#canaries.get(environment);
    if (deployment !== undefined) await this.#canary(region, deployment, at);
    const scheduler = { status: 'healthy', latest_scheduler_heartbeat: at };
    return { status: 200, body: { metadatabase: { status: 'healthy' }, scheduler } };
  }

  async #canary(site: Region, deployment: string, at: string): Promise<void> {
    const isActive = site === EAST;
    const hold = { installed: true, held: !isActive, unpausedUserDags: 0, liveUserRuns: 0 };
    const state = { role: isActive ? 'active' : 'standby', epoch: 0, hold, fence: null, dbAccess: 'settings' };
    const Body = toStored({ schemaVersion: 1, deployment, site, at, ...state });
    const Key = keys.heartbeat(deployment, site);
    for (const region of REGIONS)
      await this.services.s3(region).send(new PutObjectCommand({ Bucket: drBucket(region), Key, Body }));
  }
}

/** A summary as it is read: without marks, and with what was escaped. */
export const plain = (summary: string): string =>
  summary
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

type Mark = Readonly<Record<Region, number>>;

interface RunMore extends RunOptions {
  readonly inputs?: Readonly<Record<string, string>>;
  /** Beyond what every run gets. */
  readonly env?: Readonly<Record<string, string>>;
}

interface PlannedRun {
  readonly run: BundleRun;
  readonly plan: Plan;
}

/** The checked out repository of one deployment. */
export class Repository {
  readonly bed: Bed;
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  file: File;

  constructor(bed: Bed, folder: string, name: string) {
    this.bed = bed;
    this.folder = folder;
    this.name = name;
    this.path = `environments/${name}.json`;
    this.file = fileOf(name);
    this.write(this.file);
  }

  /** Changes the deployment file. */
  write(file: File): void {
    this.file = file;
    this.put(this.path, `${JSON.stringify(file, null, 2)}\n`);
  }

  edit(change: (file: File) => void): void {
    const file = structuredClone(this.file);
    change(file);
    this.write(file);
  }

  put(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true });
  }

  run(
    operation: string,
    more: Readonly<Record<string, string>> = {},
    options: Omit<RunMore, 'inputs'> = {},
  ): Promise<BundleRun> {
    const { services, github } = this.bed;
    const { env, ...rest } = options;
    return runBundle(
      { operation, ...(operation === 'comment' ? {} : { deployment: this.path }), ...more },
      {
        AWS_ACCESS_KEY_ID: ACCESS_KEYS.runner,
        AWS_SECRET_ACCESS_KEY: SECRET_KEY,
        MWAADR_ENDPOINTS: services.endpoints,
        GITHUB_API_URL: github.url,
        GITHUB_REPOSITORY: github.repository.name,
        ...env,
      },
      { cwd: this.folder, ...rest },
    );
  }

  async plan(): Promise<PlannedRun> {
    const run = await this.run('plan');
    const { plans } = JSON.parse(run.outputs['json'] ?? '{"plans":[]}') as { plans: readonly Plan[] };
    const [plan] = plans;
    if (plan === undefined) throw new Error(`no plan:\n${run.raw}\n${run.summary}`);
    return { run, plan };
  }

  /** Both environments, made by somebody else and just as the file says. */
  async madeByHand(members: (region: Region) => Partial<EnvironmentInput> = () => ({})): Promise<void> {
    for (const region of REGIONS) {
      const plane = this.bed.services.controlPlane(region);
      plane.createEnvironment({ ...handMade(this.name, region), ...members(region) });
      await plane.settled();
    }
    this.bed.beat(this.name);
  }

  /** The file as it is goes through a pull request with its plan in the comment. Answers the commit of the merge. */
  async merge(): Promise<string> {
    const { github } = this.bed;
    const branch = `change-${github.repository.issues.length}`;
    github.repository.addBranch(branch, github.repository.branch('main').sha);
    const { number } = github.repository.addPull('dev', { title: 'A change', head: branch, files: [this.path] });
    const planned = await this.run('plan', { out: 'plans' });
    const commented = await this.run(
      'comment',
      { plans: 'plans', 'pull-request': String(number), 'github-token': TOKEN },
      { env: { GITHUB_SHA: github.repository.branch(branch).sha } },
    );
    if (planned.code !== 0 || commented.code !== 0) throw new Error(`${planned.log}\n${commented.log}`);
    this.remove('plans');
    return github.repository.merge(number);
  }

  /** What the workflow does after a merge. */
  afterMerge(commit: string, { inputs, env, ...options }: RunMore = {}): Promise<BundleRun> {
    return this.run(
      'reconcile',
      { 'github-token': TOKEN, ...inputs },
      { ...options, env: { GITHUB_SHA: commit, ...env } },
    );
  }

  environment(region: Region): Environment {
    return this.bed.services.controlPlane(region).getEnvironment({ Name: environmentName(this.name, region) })
      .Environment;
  }

  /** Somebody changes an environment by hand. */
  byHand(region: Region, members: Partial<Omit<EnvironmentInput, 'Name'>>): void {
    this.bed.services.controlPlane(region).edit(environmentName(this.name, region), members);
  }
}
