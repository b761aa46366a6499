import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MWAAClient, UpdateEnvironmentCommand } from '@aws-sdk/client-mwaa';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { startSandbox } from '../sandbox/index.ts';
import { installAirflow } from '../sandbox/install.ts';
import { environmentName, SECRET_KEY } from '../sandbox/topology.ts';
import type { AirflowVersion, Region, Sandbox } from '../sandbox/types.ts';
import { type Runner, runner } from '../support/action.ts';
import { AirflowFacts } from '../support/airflow-facts.ts';
import { AirflowRest } from '../support/airflow-rest.ts';
import { eventually } from '../support/deadline.ts';
import { DEPLOYMENT } from '../support/names.ts';
import { dagsBucket } from '../support/platform.ts';

const run = promisify(execFile);
const OWN = new URL('dags/', import.meta.url);
/** With the others more than 150 DAGs, and more than a page of a hundred before ours or behind them. */
const FILLERS = 85;
/** Seconds for what takes one on a quiet machine, and many beside others. */
export const PATIENCE = 600;
/** Names of DAGs before `mwaadr_…` in every list, or behind them. */
export type Filler = 'a' | 'z';

/** Two sites full of DAGs that know nothing of us, with a ledger of what their tasks do. */
export class ForeignBed {
  readonly version: AirflowVersion;
  readonly sandbox: Sandbox;
  readonly act: Runner;
  readonly facts: AirflowFacts;
  /** Outside both sites: the files that let tasks go, and what tasks write. */
  readonly folder: string;
  readonly log: (line: string) => void;
  readonly #python: string;

  private constructor(
    version: AirflowVersion,
    sandbox: Sandbox,
    folder: string,
    python: string,
    log: (line: string) => void,
  ) {
    this.version = version;
    this.sandbox = sandbox;
    this.act = runner(sandbox, log);
    this.facts = new AirflowFacts(sandbox, version);
    this.folder = folder;
    this.log = log;
    this.#python = python;
  }

  static async start(version: AirflowVersion, log: (line: string) => void): Promise<ForeignBed> {
    const folder = await mkdtemp(join(tmpdir(), 'mwaadr-foreign-'));
    await chmod(folder, 0o777);
    const python = await installAirflow(version, log);
    // A snapshot of its own accord would come between those that are compared.
    const periods = { snapshot: 3600, rpo: 7200, rto: 600 };
    const sandbox = await startSandbox({ airflow: version, periods, log });
    return new ForeignBed(version, sandbox, folder, python, log);
  }

  async stop(): Promise<void> {
    await this.sandbox.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  get isThree(): boolean {
    return this.version.startsWith('3.');
  }

  rest(region: Region): AirflowRest {
    return new AirflowRest(this.sandbox.airflowUrl(region), this.version);
  }

  /** By this snapshot: one of the site's own may come between. */
  force(target: Region, snapshot: string) {
    const inputs = { target, reason: 'a test with foreign DAGs', confirm: DEPLOYMENT, override: 'force', snapshot };
    return this.act('failover', inputs);
  }

  /** Lets go what waits for the file `name`. */
  open(name: string): Promise<void> {
    return writeFile(join(this.folder, name), '');
  }

  /** Lines that tasks of both sites have written there, oldest first. */
  async lines<T>(name: string): Promise<T[]> {
    const text = await readFile(join(this.folder, name), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }

  /** More slots than the sandbox gives, and the plugin that keeps the ledger, as a team would bring it. */
  async bringPlugin(): Promise<void> {
    const text = (await readFile(new URL('ledger_plugin.py', OWN), 'utf8')).replaceAll('__FOLDER__', this.folder);
    await writeFile(join(this.folder, 'ledger_plugin.py'), text);
    const archive = join(this.folder, 'plugins.zip');
    await run(this.#python, ['-m', 'zipfile', '-c', archive, 'ledger_plugin.py'], { cwd: this.folder });
    await Promise.all(
      this.sandbox.regions.map(async (region) => {
        const mwaa = new MWAAClient({
          region,
          endpoint: this.sandbox.gateway(region).url,
          credentials: { accessKeyId: this.sandbox.accessKeys.runner, secretAccessKey: SECRET_KEY },
          disableHostPrefix: true,
        });
        const object = { Bucket: dagsBucket(region), Key: 'plugins.zip', Body: await readFile(archive) };
        const { VersionId } = await this.sandbox.s3(region).send(new PutObjectCommand(object));
        await mwaa.send(
          new UpdateEnvironmentCommand({
            Name: environmentName(DEPLOYMENT, region),
            PluginsS3Path: object.Key,
            PluginsS3ObjectVersion: VersionId,
            AirflowConfigurationOptions: this.#options(),
          }),
        );
        await this.sandbox.controlPlane(region).settled();
      }),
    );
  }

  /** More slots than the sandbox gives, and less of parsing: what has changed is parsed at once. */
  #options(): Record<string, string> {
    const parser = this.isThree ? 'dag_processor' : 'scheduler';
    return { 'core.parallelism': '16', [`${parser}.min_file_process_interval`]: '300' };
  }

  /** Airflow's own example DAGs, as its package brings them, and ours in {@link OWN}; waits until both sites know all. */
  async bringDags(filler: Filler): Promise<void> {
    const { stdout } = await run(this.#python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']);
    const own = ['states.py', 'queued.py', 'late.py'];
    const names = [...own, 'fillers.py'];
    for (const folder of ['airflow/example_dags', 'airflow/providers/standard/example_dags'])
      names.push(...(await this.#upload(join(stdout.trim(), folder), folder.split('/').at(-2) ?? '')));
    for (const name of own) await this.#put(name);
    await this.bringFillers(filler);
    // The DAGs of a file are written one by one.
    for (const region of this.sandbox.regions)
      await this.until(
        `our DAGs in ${region}`,
        PATIENCE,
        region,
        `dag where dag_id like 'state\\_%'`,
        (count) => count === (this.isThree ? 12 : 11),
      );
    const known = 'select fileloc as name from dag union select filename from import_error';
    for (const region of this.sandbox.regions)
      await eventually(
        `${region} has parsed every file`,
        PATIENCE,
        async () => {
          const rows = await this.sandbox.sql(region, known);
          const files = rows.map((row) => String(row['name']));
          return names.every((name) => files.some((file) => file.endsWith(`/${name}`) || file === name)) || undefined;
        },
        this.log,
      );
  }

  /** What the standby lacks is installed: its file can be imported. Waits until its DAGs have come up at `region`. */
  async bringWhatWasMissing(region: Region): Promise<void> {
    await this.open('late');
    await this.#put('late.py', { 'is not installed yet': 'is not there' });
    const are = (wanted: number) => (count: number) => count === wanted;
    await this.until('late DAGs are parsed', PATIENCE, region, `serialized_dag where dag_id like 'late\\_%'`, are(2));
    const waited = `mwaadr_state, jsonb_object_keys(detail -> 'late')`;
    await this.until('late DAGs have come up', PATIENCE, region, waited, are(0));
  }

  /** In the place of those that were there; waits until both sites have parsed them. */
  async bringFillers(first: Filler): Promise<void> {
    await this.#put('fillers.py', { __FIRST__: first, __COUNT__: String(FILLERS) });
    for (const region of this.sandbox.regions)
      await this.until(
        `DAGs ${first}filler_… in ${region}`,
        PATIENCE,
        region,
        `dag where dag_id like '${first}filler%'`,
        (count) => count === FILLERS,
      );
  }

  /** Into the bucket of one Region: S3 replicates it to the other. */
  async #put(name: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
    const text = await readFile(new URL(name, OWN), 'utf8');
    const words = { __GATES__: this.folder, ...more };
    await this.#send(
      name,
      Object.entries(words).reduce((all, [word, value]) => all.replaceAll(word, value), text),
    );
  }

  async #send(name: string, Body: string | Buffer): Promise<void> {
    const [region] = this.sandbox.regions;
    await this.sandbox.s3(region).send(new PutObjectCommand({ Bucket: dagsBucket(region), Key: `dags/${name}`, Body }));
  }

  /** Answers which of the files have DAGs. */
  async #upload(from: string, to: string): Promise<string[]> {
    const files = await readdir(from, { recursive: true, withFileTypes: true }).catch(() => []);
    const sent = files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name).slice(from.length + 1))
      .filter((name) => !/__pycache__|^plugins\//.test(name));
    const withDags = [];
    for (const name of sent) {
      const content = await readFile(join(from, name));
      await this.#send(`${to}/${name}`, content);
      if (name.endsWith('.py') && /^(with DAG\(|@dag\b|dag = DAG\()/m.test(content.toString()))
        withDags.push(`${to}/${name}`);
    }
    return withDags;
  }

  async count(region: Region, where: string): Promise<number> {
    const [row] = await this.sandbox.sql(region, `select count(*)::int as n from ${where}`);
    return Number(row?.['n']);
  }

  /** Waits until a count of rows is what it should be. */
  until(
    what: string,
    seconds: number,
    region: Region,
    where: string,
    enough: (count: number) => boolean,
  ): Promise<number> {
    return eventually(
      what,
      seconds,
      async () => {
        const count = await this.count(region, where);
        return enough(count) ? count : undefined;
      },
      this.log,
    );
  }
}
