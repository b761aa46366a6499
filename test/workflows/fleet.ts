/** Two deployments, their repository, GitHub and AWS on this machine, without Airflow: what the GitOps workflows see. */
import type { UpdateEnvironmentInput } from '../sandbox/control-plane/update.ts';
import { provisionBuckets } from '../sandbox/moto.ts';
import { type Services, startServices } from '../sandbox/services.ts';
import { ACCOUNT, dagsBucket, DEFAULT_PERIODS, deploymentOf, environmentName, REGIONS } from '../sandbox/topology.ts';
import type { Region } from '../sandbox/types.ts';
import { type BundleRun, runBundle } from '../e2e/runner.ts';
import { GitHubDouble } from '../github/double.ts';
import { type OidcDouble, startOidc } from './oidc.ts';
import { makeRepository, type Repository } from './repository.ts';
import { type Files, listen, type RoleCall } from './role-calls.ts';
import { runWorkflow, type WorkflowRequest, type WorkflowRun } from './run-workflow.ts';

const NAMES = ['billing', 'orders'] as const;
export type Name = (typeof NAMES)[number];

export const fileOf = (name: string): string => `environments/${name}.json`;

/** What a person may have changed in a deployment file. */
export interface Change {
  readonly maxWorkers?: number;
  readonly selfHeal?: readonly string[];
}

const DAG = 'from airflow import DAG\n\ndag = DAG("orders", schedule=None)\n';

type Network = Awaited<ReturnType<Services['moto']['network']>>;

const executionRole = (name: Name): string => `arn:aws:iam::${ACCOUNT}:role/${name}-airflow`;

/** A deployment file; `orders` has DAGs of its own in the repository. */
function deploymentFile(name: Name, networks: Readonly<Record<Region, Network>>, change: Change = {}): string {
  const { maxWorkers = 10, selfHeal = [] } = change;
  const plain = deploymentOf(name, '2.10.3', DEFAULT_PERIODS) as { sites: { region: Region }[] };
  const sites = plain.sites.map((site) => ({
    ...site,
    mwaa: { executionRoleArn: executionRole(name), networkConfiguration: networks[site.region] },
  }));
  return JSON.stringify({
    ...plain,
    sites,
    manage: 'full',
    mwaa: { minWorkers: 1, maxWorkers },
    selfHeal,
    ...(name === 'orders' && { artifacts: { dags: 'flows' } }),
  });
}

export interface Run extends WorkflowRun {
  /** What it asked of AWS. */
  readonly calls: readonly RoleCall[];
  /** Id tokens that its jobs took. */
  readonly idTokens: number;
}

export class Fleet {
  readonly services: Services;
  readonly github: GitHubDouble;
  readonly repository: Repository;
  readonly #oidc: OidcDouble;
  readonly #networks: Readonly<Record<Region, Network>>;
  #files: Files;
  #head = '';
  /** GitHub's clock is so far ahead, in milliseconds: what is merged was written before, not in the same second. */
  readonly #ahead: { of: number };

  private constructor(
    aws: Pick<Fleet, 'services'> & { readonly networks: Readonly<Record<Region, Network>> },
    github: GitHubDouble,
    repository: Repository,
    oidc: OidcDouble,
    files: Files,
    ahead: { of: number },
  ) {
    this.services = aws.services;
    this.#networks = aws.networks;
    this.github = github;
    this.repository = repository;
    this.#oidc = oidc;
    this.#files = files;
    this.#ahead = ahead;
  }

  static async start(): Promise<Fleet> {
    const services = await startServices({ deployment: 'orders' });
    const buckets = REGIONS.map((region) => ({ name: dagsBucket('billing', region), region }));
    await provisionBuckets(services.moto, buckets);
    const [east, west] = [await services.moto.network('us-east-1'), await services.moto.network('us-west-2')];
    const networks = { 'us-east-1': east, 'us-west-2': west };
    for (const region of REGIONS)
      for (const name of NAMES) await createEnvironment(services, name, region, networks[region]);
    const ahead = { of: 0 };
    const github = await GitHubDouble.start(() => Date.now() + ahead.of);
    const files = Object.fromEntries(NAMES.map((name) => [fileOf(name), deploymentFile(name, networks)]));
    const repository = await makeRepository({ ...files, 'flows/orders.py': DAG }, github.repository.name);
    const oidc = await startOidc('repo:team/airflow:environment:any');
    const fleet = new Fleet({ services, networks }, github, repository, oidc, files, ahead);
    await fleet.commit({});
    return fleet;
  }

  /** A deployment file with this change. */
  file(name: Name, change: Change): Files {
    return { [fileOf(name)]: deploymentFile(name, this.#networks, change) };
  }

  /** Deployment files as they are now; broken ones are left out. */
  get files(): Files {
    return this.#files;
  }

  async stop(): Promise<void> {
    this.repository.remove();
    await this.#oidc.close();
    await this.services.stop();
    await this.github.close();
  }

  /** Commits these files; answers the commit. */
  async commit(files: Readonly<Record<string, string | undefined>>): Promise<string> {
    const known = Object.entries(files).filter(([path, text]) => path in this.#files && text !== undefined);
    this.#files = { ...this.#files, ...(Object.fromEntries(known) as Files) };
    return (this.#head = await this.repository.commit(files));
  }

  /** A pull request that changes these paths; answers its number. */
  openPull(branch: string, files: readonly string[]): number {
    const { repository } = this.github;
    repository.addBranch(branch, repository.branch('main').sha);
    return repository.addPull('alice', { title: branch, head: branch, files: [...files] }).number;
  }

  /** Plans a pull request, of this repository if not of another, whose newest commit is the one that is checked out. */
  plan(
    number: number,
    sha: string,
    { from = this.github.repository.name, python = 'no-python' }: { from?: string; python?: string } = {},
  ): Promise<Run> {
    const repo = (full_name: string) => ({ full_name, name: full_name.split('/')[1], owner: { login: 'team' } });
    const { pull } = this.github.repository.issue(number);
    this.github.repository.branch(pull?.head ?? '').sha = sha;
    const main = repo(this.github.repository.name);
    const pull_request = { number, head: { ref: 'b', sha, repo: repo(from) }, base: { ref: 'main', sha, repo: main } };
    const payload = { action: 'synchronize', number, pull_request, repository: main };
    return this.run({ file: 'plan.yml', event: 'pull_request', payload, vars: { MWAADR_PYTHON: python } });
  }

  /** Merges a pull request as the commit that is checked out, and runs what the push starts. */
  async merge(number: number, sha: string): Promise<Run> {
    this.land(number, sha);
    return this.push();
  }

  /** Merges a pull request as this commit, a minute later. */
  land(number: number, sha: string): void {
    this.#ahead.of += 60_000;
    this.github.repository.merge(number);
    this.github.repository.pullsOfCommit.set(sha, [number]);
  }

  /** Runs what a push starts; its commits are the one that is checked out and those before it, oldest first. */
  push(...commits: readonly string[]): Promise<Run> {
    const payload = { ref: 'refs/heads/main', ...(commits.length > 0 && { commits: commits.map((id) => ({ id })) }) };
    return this.run({ file: 'reconcile.yml', event: 'push', payload });
  }

  /** Runs a workflow; if it is not one of a pull request, on a default branch whose head is checked out. */
  async run(request: Pick<WorkflowRequest, 'file' | 'event' | 'payload' | 'inputs' | 'vars'>): Promise<Run> {
    if (request.event !== 'pull_request') this.github.repository.branch('main').sha = this.#head;
    const heard = listen(this.services);
    const before = this.#oidc.issued.length;
    const run = await runWorkflow({
      ...request,
      repository: this.repository.folder,
      env: this.#env(),
      secrets: { GITHUB_TOKEN: 'job-token' },
    });
    return { ...run, calls: heard(), idTokens: this.#oidc.issued.length - before };
  }

  /** Runs one step alone, as a workflow would. */
  async step(inputs: Readonly<Record<string, string>>): Promise<BundleRun & Pick<Run, 'calls'>> {
    const heard = listen(this.services);
    const env = { ...this.#env(), GITHUB_REPOSITORY: this.github.repository.name };
    const run = await runBundle(inputs, env, { cwd: this.repository.folder });
    return { ...run, calls: heard() };
  }

  #env(): Readonly<Record<string, string>> {
    return { ...this.#oidc.environment, MWAADR_ENDPOINTS: this.services.endpoints, GITHUB_API_URL: this.github.url };
  }

  /** What an environment is told now. */
  settings(name: Name, region: Region) {
    const { Environment } = this.services.controlPlane(region).getEnvironment({ Name: environmentName(name, region) });
    return Environment;
  }

  /** Somebody changes an environment by hand. */
  async edit(name: Name, region: Region, change: Omit<UpdateEnvironmentInput, 'Name'>): Promise<void> {
    const controlPlane = this.services.controlPlane(region);
    controlPlane.updateEnvironment({ Name: environmentName(name, region), ...change });
    await controlPlane.settled();
  }
}

/** An environment as its deployment file has it, with an Airflow that is well. */
async function createEnvironment(services: Services, name: Name, region: Region, network: Network): Promise<void> {
  const controlPlane = services.controlPlane(region);
  services.runtime(region).answer = ({ path }) => ({ status: 200, body: path === '/health' ? healthy() : NO_ERRORS });
  controlPlane.createEnvironment({
    Name: environmentName(name, region),
    AirflowVersion: '2.10.3',
    ExecutionRoleArn: executionRole(name),
    SourceBucketArn: `arn:aws:s3:::${dagsBucket(name, region)}`,
    DagS3Path: 'dags',
    NetworkConfiguration: { SubnetIds: network.subnetIds, SecurityGroupIds: network.securityGroupIds },
    MinWorkers: 1,
    MaxWorkers: 10,
  });
  await controlPlane.settled();
}

const NO_ERRORS = { import_errors: [], total_entries: 0 };
const healthy = () => ({
  metadatabase: { status: 'healthy' },
  scheduler: { status: 'healthy', latest_scheduler_heartbeat: new Date().toISOString() },
});
