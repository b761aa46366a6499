import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { RestApi } from '../sandbox/rest-api.ts';
import { ACCOUNT, dagsBucket, drBucket, environmentName, KMS_ALIAS } from '../sandbox/topology.ts';
import type { AirflowVersion, Region, Row, Sandbox } from '../sandbox/types.ts';
import { eventually } from '../sandbox/waiting.ts';

const DEPLOYMENT = 'sandbox';
const ROOT = join(import.meta.dirname, '../..');
export const [EAST, WEST] = ['us-east-1', 'us-west-2'] as const;

export interface DrResult {
  ok: boolean;
  outcome: string;
  code: string | null;
  message: string | null;
  snapshot: string;
  committedAt: string;
  seconds: Record<string, number>;
  report: { rerun: Task[]; continued: Task[]; runs: Run[]; missingDags: string[] };
}

export interface Beat {
  role: string;
  epoch: number;
  hold: { installed: boolean; held: boolean; unpausedUserDags: number };
  fence: { grade: string; at: string } | null;
}

/** The move that claims an epoch here. */
export const moveId = (epoch: number): string => `mv-${epoch}-aaaaaaaa`;

interface Run {
  dagId: string;
  runId: string;
}

interface Task extends Run {
  taskId: string;
  was: string;
}

/** A deployment in the sandbox with the DR DAGs installed, moved by hand: what the action will do, without the action. */
export class Story {
  readonly sandbox: Sandbox;
  readonly version: AirflowVersion;
  readonly #apis = new Map<Region, RestApi>();

  constructor(sandbox: Sandbox, version: AirflowVersion) {
    this.sandbox = sandbox;
    this.version = version;
  }

  async install(canarySeconds: number): Promise<void> {
    const sites = [EAST, WEST].map((region) => ({
      region,
      account: ACCOUNT,
      environment: environmentName(DEPLOYMENT, region),
      dagsBucket: dagsBucket(DEPLOYMENT, region),
      dagsPath: 'dags',
      drBucket: drBucket(region),
      keyArn: `arn:aws:kms:${region}:${ACCOUNT}:${KMS_ALIAS}`,
    }));
    const deployment = {
      schemaVersion: 1,
      deployment: DEPLOYMENT,
      airflowVersion: this.version,
      sites,
      snapshot: { everySeconds: 3600 },
      canary: { everySeconds: canarySeconds },
    };
    await this.control(0, 'activated');
    const files = folder(join(ROOT, 'dags')).concat(folder(join(import.meta.dirname, 'dags')));
    for (const region of [EAST, WEST]) {
      const put = (key: string, Body: string | Buffer): Promise<unknown> =>
        this.sandbox
          .s3(region)
          .send(new PutObjectCommand({ Bucket: dagsBucket(DEPLOYMENT, region), Key: `dags/${key}`, Body }));
      await put('mwaadr/deployment.json', JSON.stringify(deployment));
      for (const [name, body] of files) await put(name, body);
    }
  }

  async control(epoch: number, phase: 'claimed' | 'activated', regions: Region[] = [EAST, WEST]): Promise<void> {
    const activated = phase === 'activated' ? epoch : epoch - 1;
    const site = activated % 2 === 0 ? EAST : WEST;
    const move = phase === 'claimed' ? { id: moveId(epoch), epoch } : null;
    const lineage = { site, epoch: activated };
    const record = { schemaVersion: 1, deployment: DEPLOYMENT, epoch, phase, activated: lineage, move };
    for (const region of regions) await this.#put(region, `control/${DEPLOYMENT}.json`, { ...record, site: region });
  }

  heartbeat(region: Region): Promise<Beat> {
    return this.#get<Beat>(region, `sites/${DEPLOYMENT}/${region}/heartbeat.json`);
  }

  async trigger(region: Region, dagId: string, runId: string, conf: object = {}): Promise<void> {
    const date = this.version.startsWith('2.') ? {} : { logical_date: null };
    const body = { dag_run_id: runId, conf, ...date };
    const { status, body: answer } = await this.#api(region).invoke({
      method: 'POST',
      path: `/dags/${dagId}/dagRuns`,
      query: {},
      body,
      signal: AbortSignal.timeout(20_000),
    });
    if (status >= 300) throw new Error(`${dagId} ${runId}: ${status} ${JSON.stringify(answer)}`);
  }

  /** Runs a DR DAG to its result object. */
  async dr(
    region: Region,
    kind: 'snapshot' | 'restore' | 'activate',
    runId: string,
    conf: object = {},
  ): Promise<DrResult> {
    await this.trigger(region, `mwaadr_${kind}`, runId, conf);
    const result = (): Promise<DrResult> => this.#get(region, `results/${DEPLOYMENT}/${runId}.json`);
    return eventually(`${kind} leaves its result`, result, { seconds: 180 });
  }

  async manifestSha256(region: Region, snapshot: string): Promise<string> {
    const key = `snapshots/${DEPLOYMENT}/${snapshot}/manifest.json`;
    return createHash('sha256')
      .update(await this.#bytes(region, key))
      .digest('hex');
  }

  sql(region: Region, text: string, params?: unknown[]): Promise<Row[]> {
    return this.sandbox.sql(region, text, params);
  }

  async value(region: Region, text: string, params?: unknown[]): Promise<unknown> {
    const [row] = await this.sql(region, text, params);
    return row && Object.values(row)[0];
  }

  taskState(region: Region, dagId: string, runId: string, taskId: string): Promise<unknown> {
    return this.value(region, 'select state from task_instance where dag_id = $1 and run_id = $2 and task_id = $3', [
      dagId,
      runId,
      taskId,
    ]);
  }

  taskReaches(
    region: Region,
    [dagId, runId, taskId]: [string, string, string],
    state: string,
    seconds = 60,
  ): Promise<true> {
    const probe = async (): Promise<true | undefined> =>
      (await this.taskState(region, dagId, runId, taskId)) === state || undefined;
    return eventually(`${dagId} ${runId} ${taskId} is ${state}`, probe, { seconds, everyMs: 250 });
  }

  #api(region: Region): RestApi {
    const known = this.#apis.get(region) ?? new RestApi(this.version, this.sandbox.airflowUrl(region));
    this.#apis.set(region, known);
    return known;
  }

  #put(region: Region, key: string, value: object): Promise<unknown> {
    return this.sandbox
      .s3(region)
      .send(new PutObjectCommand({ Bucket: drBucket(region), Key: key, Body: JSON.stringify(value) }));
  }

  async #get<T>(region: Region, key: string): Promise<T> {
    return JSON.parse(Buffer.from(await this.#bytes(region, key)).toString()) as T;
  }

  async #bytes(region: Region, key: string): Promise<Uint8Array> {
    const { Body } = await this.sandbox.s3(region).send(new GetObjectCommand({ Bucket: drBucket(region), Key: key }));
    if (Body === undefined) throw new Error(`${key} has no body`);
    return Body.transformToByteArray();
  }
}

function folder(path: string): [string, Buffer][] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [relative(path, file), readFileSync(file)]);
}
