import { ACCESS_KEYS } from '../sandbox/topology.ts';
import { startSandbox } from '../sandbox/index.ts';
import type { AirflowVersion, Region, Sandbox } from '../sandbox/types.ts';
import { type ActionRun, type Runner, runner } from './action.ts';
import { AirflowFacts } from './airflow-facts.ts';
import { eventually } from './deadline.ts';
import { heartbeat, readJson } from './dr-bucket.ts';
import { type Death, killedAt } from './killing.ts';
import { DEPLOYMENT, keys } from './names.ts';
import { deployPlatform } from './platform.ts';

interface Debt {
  readonly kind: string;
  readonly site: string;
  readonly epoch: number;
}

interface Control {
  readonly epoch: number;
  readonly phase: string;
  readonly move: { readonly id: string; readonly epoch: number; readonly step: string } | null;
  readonly lease: { readonly expiresAt: string } | null;
  readonly debts: readonly Debt[];
}

/** What `check` and `status` answer, as far as it is asked for here. */
export interface Told {
  readonly active: string;
  readonly epoch: number;
  readonly debts: unknown;
  readonly move?: Control['move'];
  readonly findings?: readonly { readonly name: string; readonly command?: { readonly inputs: Inputs } }[];
}

type Inputs = Readonly<Record<string, string>>;

const owed = (debts: readonly Debt[]): readonly string[] =>
  debts.map(({ kind, site, epoch }) => `${kind} of ${site} in ${epoch}`);

/** Two sites of the sandbox between which work is moved to and fro by the bundle. */
export class TwoSites {
  readonly sandbox: Sandbox;
  readonly facts: AirflowFacts;
  readonly act: Runner;
  readonly #log: (line: string) => void;

  private constructor(sandbox: Sandbox, log: (line: string) => void, version: AirflowVersion) {
    this.sandbox = sandbox;
    this.facts = new AirflowFacts(sandbox, version);
    this.act = runner(sandbox, log);
    this.#log = log;
  }

  /** The bookshop works in `active`, its standby is held, and a snapshot of it has arrived there. */
  static async working(
    active: Region,
    log: (line: string) => void,
    version: AirflowVersion = '2.10.3',
  ): Promise<TwoSites> {
    const sandbox = await startSandbox({ airflow: version, log });
    try {
      const sites = new TwoSites(sandbox, log, version);
      await sites.act('install', { wait: '120' });
      await deployPlatform(sandbox, active, version, log);
      await sites.snapshot();
      return sites;
    } catch (error) {
      await sandbox.stop();
      throw error;
    }
  }

  async snapshot(): Promise<void> {
    await this.act('snapshot', { force: 'true' });
    await this.sandbox.replicated();
  }

  force(target: Region, options: Parameters<Runner>[2] = {}): Promise<ActionRun> {
    return this.act('failover', { target, reason: 'a long test', confirm: DEPLOYMENT, override: 'force' }, options);
  }

  /** A forced failover that is killed there. */
  killed(target: Region, death: Death): Promise<ActionRun> {
    return killedAt(this.sandbox, death, (kill) => this.force(target, { kill, mayFail: true }));
  }

  async tell(operation: 'check' | 'status'): Promise<Told> {
    const run = await this.act(operation, operation === 'check' ? { 'fail-on': 'never' } : {});
    return JSON.parse(run.outputs['json'] ?? '{}') as Told;
  }

  control(region: Region): Promise<Control | undefined> {
    return readJson<Control>(this.sandbox, region, keys.control);
  }

  async owedIn(region: Region): Promise<readonly string[]> {
    return owed((await this.control(region))?.debts ?? []);
  }

  /** By its own metadata database: `active 2`. */
  async role(region: Region): Promise<string> {
    const [row] = await this.sandbox.sql(region, 'select role, epoch from mwaadr_state');
    return `${String(row?.['role'])} ${String(row?.['epoch'])}`;
  }

  /** The user's DAGs that may run at a site, by its own metadata database. */
  async atWork(region: Region): Promise<readonly string[]> {
    const paused = await this.facts.paused(region);
    return [...paused].flatMap(([dagId, isPaused]) => (isPaused ? [] : [dagId])).toSorted();
  }

  /** Waits until the site itself says so in its own bucket. */
  async until(region: Region, role: 'active' | 'standby', epoch: number): Promise<void> {
    await eventually(
      `${region} calls itself ${role} in epoch ${epoch}`,
      120,
      async () => {
        const beat = await heartbeat<{ role: string; epoch: number }>(this.sandbox, region, region);
        return beat?.role === role && beat.epoch === epoch ? true : undefined;
      },
      this.#log,
    );
  }

  result(run: string): Promise<{ readonly outcome: string; readonly code: string } | undefined> {
    return eventually(
      `${run} has left its result`,
      120,
      () => readJson(this.sandbox, 'us-west-2', keys.result(run)),
      this.#log,
    );
  }

  /** Waits until the lease of a run that died there is over. */
  async leaseIsOver(region: Region): Promise<void> {
    await eventually(
      `the lease in ${region} is over`,
      60,
      async () => {
        const lease = (await this.control(region))?.lease;
        return !lease || Date.parse(lease.expiresAt) < Date.now() - 1000 ? true : undefined;
      },
      this.#log,
    );
  }

  /** From now on the DAGs of that site reach no S3 at all: its canary neither obeys nor beats. */
  blind(site: Region): () => void {
    const accessKey = ACCESS_KEYS.execution[site];
    const ends = this.sandbox.regions.map((region) => this.sandbox.gateway(region).fault('refused', { accessKey }));
    return () => {
      for (const end of ends) end();
    };
  }
}
