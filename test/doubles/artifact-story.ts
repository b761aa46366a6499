import type { ArtifactPlan, Pins } from '../../action/src/domain/artifact-plan.ts';
import { MEMBERS } from '../../action/src/domain/artifact-pins.ts';
import { PINNED } from '../../action/src/domain/artifact-plan.ts';
import type { Deployment, SiteIndex } from '../../action/src/domain/deployment.ts';
import { deploymentSchema } from '../../action/src/domain/deployment.ts';
import { bundleKeys } from '../../action/src/domain/names.ts';
import type { Settings } from '../../action/src/domain/settings.ts';
import { deployArtifacts, observeArtifacts } from '../../action/src/operations/artifacts.ts';
import { MemoryRepository } from './memory-repository.ts';
import { Process } from './process.ts';
import type { ProcessOptions } from './process.ts';
import { EXAMPLE_DEPLOYMENT, Universe } from './universe.ts';

export const ARTIFACTS = {
  dags: 'dags',
  plugins: 'plugins',
  requirements: 'requirements.txt',
  startupScript: 'startup.sh',
  replicationSeconds: 60,
} as const;

export const REPOSITORY = {
  'dags/orders.py': 'orders 1',
  'dags/team/stock.py': 'stock 1',
  'requirements.txt': 'pandas==2.2.0',
  'plugins/shop.py': 'shop 1',
  'startup.sh': 'export A=1',
};

/** Nobody takes it. */
const LEASE = { ensure: () => Promise.resolve() } as unknown as Parameters<typeof deployArtifacts>[5];

const deploymentWith = (changes: Readonly<Record<string, unknown>>): Deployment =>
  deploymentSchema.parse({ ...EXAMPLE_DEPLOYMENT, artifacts: ARTIFACTS, manage: 'full', ...changes });

/** A repository and two buckets, told in sentences: what is committed, deployed, and found in the buckets. */
export class ArtifactStory {
  deployment: Deployment;
  readonly universe: Universe;
  readonly repository: MemoryRepository;
  /** What the environments read; {@link apply} sets it as reconcile does. */
  settings: [Settings, Settings] = [{}, {}];
  active: SiteIndex = 0;
  #runs = 0;

  constructor(files: Readonly<Record<string, string>> = REPOSITORY, changes: Readonly<Record<string, unknown>> = {}) {
    this.deployment = deploymentWith(changes);
    this.universe = new Universe(this.deployment);
    this.repository = new MemoryRepository(files);
  }

  process(options: Partial<ProcessOptions> = {}): Process {
    this.#runs += 1;
    return new Process(this.universe, { name: `run ${this.#runs}`, ...options });
  }

  /** Another version of the deployment file. */
  declare(artifacts: Readonly<Record<string, unknown>>): void {
    this.deployment = deploymentWith({ artifacts });
  }

  get #scene() {
    const standby: SiteIndex = this.active === 0 ? 1 : 0;
    return { roles: { active: this.active, standby }, repository: this.repository, settings: this.settings };
  }

  plan(process = this.process()): Promise<ArtifactPlan> {
    return observeArtifacts(process, this.deployment, this.#scene);
  }

  deploy(plan: ArtifactPlan, phase: 'before' | 'after', process = this.process()): Promise<readonly [Pins, Pins]> {
    return deployArtifacts(process, this.deployment, this.#scene, plan, phase, LEASE);
  }

  /** As reconcile does it: pinned artifacts, environments, DAG files. */
  async apply(process = this.process()): Promise<void> {
    const plan = await this.plan(process);
    const pins = await this.deploy(plan, 'before', process);
    this.settings = [
      { ...this.settings[0], ...settingsOf(pins[0]) },
      { ...this.settings[1], ...settingsOf(pins[1]) },
    ];
    await this.deploy(plan, 'after', process);
  }

  bucket(site: SiteIndex): string {
    return this.deployment.sites[site].dagsBucket;
  }

  s3(site: SiteIndex) {
    return this.universe.s3(this.deployment.sites[site].region);
  }

  /** DAG files in a site's bucket: path below the DAGs folder → text. */
  dags(site: SiteIndex): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#texts(site, `${this.deployment.sites[site].dagsPath}/`));
  }

  /** Pinned artifacts in a site's bucket, by file name. */
  pinned(site: SiteIndex): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#texts(site, bundleKeys.artifact(this.deployment.deployment, '')));
  }

  manifest(site: SiteIndex): Record<string, unknown> | undefined {
    return this.s3(site).json(this.bucket(site), bundleKeys.manifest(this.deployment.deployment));
  }

  putByHand(site: SiteIndex, path: string, text: string): void {
    this.s3(site).putByHand(this.bucket(site), `${this.deployment.sites[site].dagsPath}/${path}`, text);
  }

  /** Everything that can be written of a plan's rows: path and verdict, `in sync` left out. */
  async differences(): Promise<Readonly<Record<string, string>>> {
    const { rows } = await this.plan();
    return Object.fromEntries(rows.filter((row) => row.verdict !== 'in sync').map((row) => [row.path, row.verdict]));
  }

  seconds(count: number): Promise<void> {
    return this.universe.clock.sleep(count * 1000);
  }

  #texts(site: SiteIndex, prefix: string): [string, string][] {
    const s3 = this.s3(site);
    return s3.list(this.bucket(site), prefix).map(({ key }) => {
      const body = s3.get(this.bucket(site), key)?.body ?? new Uint8Array();
      return [key.slice(prefix.length), Buffer.from(body).toString('utf8')];
    });
  }
}

function settingsOf(pins: Pins): Settings {
  return Object.fromEntries(
    PINNED.flatMap((name) => {
      const pin = pins[name];
      if (pin?.version === undefined) return [];
      return [
        [MEMBERS[name].path, pin.key],
        [MEMBERS[name].version, pin.version],
      ];
    }),
  );
}
