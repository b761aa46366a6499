import { createHash } from 'node:crypto';
import { AwsFault } from '../../action/src/domain/faults.ts';
import type { Service, Unreadable } from '../../action/src/domain/faults.ts';
import type { EnvironmentDescription, RegionPorts, World } from '../../action/src/domain/ports.ts';
import { unwrapKey, wrapKey } from './memory-kms.ts';
import { createIn, describeIn, namesIn, updateIn } from './memory-mwaa.ts';
import type { Universe } from './universe.ts';

/** Thrown into a process that was killed: nothing of it runs on. */
export class Killed extends Error {}

export interface Call {
  /** Counts from 1 over all calls of the process. */
  readonly number: number;
  readonly operation: string;
  readonly region: string;
  /** S3 key, where there is one. */
  readonly key: string;
}

/** What befalls a call: the process dies before or after it took effect, or the reply is lost. */
type Mishap = 'kill before' | 'kill after' | 'lose reply' | undefined;

export interface ProcessOptions {
  readonly name: string;
  readonly mishap?: (call: Call) => Mishap;
  /** At its first write to a key with this in it the whole process stands still for so many milliseconds. */
  readonly freezeAt?: string | undefined;
  readonly freezeFor?: number;
  /** Added to what the process believes to be the time. */
  readonly skew?: number;
}

const CALL_TAKES = 20;
const DARK_TAKES = 6_000;
const CODES: Readonly<Record<Unreadable, string>> = {
  dark: 'TimeoutError',
  denied: 'AccessDeniedException',
  throttled: 'ThrottlingException',
};

/** One run of the action in the universe: its own ports, its own death. */
export class Process implements World {
  readonly actor: string;
  readonly lines: string[] = [];
  readonly stopper = new AbortController();
  readonly stop = this.stopper.signal;
  calls = 0;
  dead = false;
  readonly clock: World['clock'];
  readonly random: World['random'];
  readonly log: World['log'];
  readonly #universe: Universe;
  #options: ProcessOptions;
  #frozenUntil = 0;
  #randoms = 0;

  constructor(universe: Universe, options: ProcessOptions) {
    this.#universe = universe;
    this.#options = options;
    this.actor = options.name;
    this.clock = {
      now: () => universe.clock.now() + (options.skew ?? 0),
      sleep: (milliseconds, signal) => this.#sleep(milliseconds, signal),
    };
    this.random = { hex: (bytes) => this.#hex(bytes) };
    this.log = {
      group: async (title, body) => {
        this.lines.push(title);
        return body();
      },
      info: (line) => void this.lines.push(line),
      warning: (line) => void this.lines.push(`warning: ${line}`),
    };
  }

  drDags(): ReturnType<World['drDags']> {
    return Promise.resolve([{ path: 'mwaadr_dags.py', body: Buffer.from('# DAGs', 'utf8') }]);
  }

  region(name: string): RegionPorts {
    return {
      region: name,
      objects: this.#objects(name),
      environments: this.#environments(name),
      airflow: this.#airflow(name),
      metrics: this.#metrics(name),
      keys: this.#keys(name),
      identity: {
        region: name,
        caller: () => this.#call('sts', name, 'GetCallerIdentity', '', () => 'arn:aws:iam::1:x'),
      },
    };
  }

  #sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (!this.dead) return this.#universe.clock.sleep(milliseconds, signal);
    if (signal === undefined || signal === this.stop) return Promise.reject(new Killed());
    return signal.aborted
      ? Promise.resolve()
      : new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        });
  }

  #hex(bytes: number): string {
    this.#randoms += 1;
    const seed = `${this.#options.name} ${this.#randoms} ${this.#universe.clock.now()}`;
    return createHash('sha256')
      .update(seed)
      .digest('hex')
      .slice(0, 2 * bytes);
  }

  async #call<T>(service: Service, region: string, operation: string, key: string, effect: () => T): Promise<T> {
    if (this.dead) throw new Killed();
    this.calls += 1;
    const mishap = this.#options.mishap?.({ number: this.calls, operation, region, key });
    if (mishap === 'kill before') throw this.#die();
    if (operation === 'PutObject' && this.#options.freezeAt !== undefined && key.includes(this.#options.freezeAt)) {
      this.#frozenUntil = this.#universe.clock.now() + (this.#options.freezeFor ?? 0);
      this.#options = { ...this.#options, freezeAt: undefined };
    }
    await this.#universe.clock.sleep(this.#frozenUntil - this.#universe.clock.now());
    const quality = this.#qualityOf(service, region);
    await this.#universe.clock.sleep(quality === 'dark' ? DARK_TAKES : CALL_TAKES);
    if (this.#isDead()) throw new Killed();
    if (quality !== undefined) throw fault(quality, service, region, operation);
    const result = effect();
    if (mishap === 'kill after') throw this.#die();
    if (mishap === 'lose reply') throw fault('dark', service, region, operation);
    return result;
  }

  #isDead(): boolean {
    return this.dead;
  }

  #die(): Killed {
    this.dead = true;
    return new Killed();
  }

  #qualityOf(service: Service, region: string): Unreadable | undefined {
    if (this.#universe.isLost(region)) return 'dark';
    for (const fault of this.#universe.faults) {
      const isMine = fault.observer === undefined || fault.observer === this.actor;
      if (isMine && fault.service === service && (fault.region ?? region) === region) return fault.quality;
    }
    return undefined;
  }

  #objects(region: string): RegionPorts['objects'] {
    const s3 = this.#universe.s3(region);
    const call = <T>(operation: string, key: string, effect: () => T) =>
      this.#call('s3', region, operation, key, effect);
    return {
      region,
      get: (bucket, key) => call('GetObject', key, () => s3.get(bucket, key)),
      put: (bucket, key, body, when) => call('PutObject', key, () => s3.put(bucket, key, body, when)),
      list: (bucket, prefix, after) => call('ListObjectsV2', prefix, () => s3.list(bucket, prefix, after)),
      delete: (bucket, key) =>
        call('DeleteObject', key, () => {
          s3.delete(bucket, key);
        }),
      head: (bucket, key, version) => call('HeadObject', key, () => s3.head(bucket, key, version)),
      sha256: (bucket, key, version) => call('GetObject', key, () => s3.sha256(bucket, key, version)),
      replication: (bucket) => call('GetBucketReplication', '', () => s3.replication(bucket)),
    };
  }

  #environments(region: string): RegionPorts['environments'] {
    const plane = this.#universe.controlPlane(region);
    const call = <T>(operation: string, key: string, effect: () => T) =>
      this.#call('airflow-api', region, operation, key, effect);
    return {
      region,
      describe: (name) => call('GetEnvironment', name, () => this.#describe(region, name)),
      list: () => call('ListEnvironments', '', () => namesIn(plane)),
      create: (name, members) => call('CreateEnvironment', name, () => createIn(plane, name, members)),
      update: (name, members) => call('UpdateEnvironment', name, () => updateIn(plane, name, members)),
      tag: (arn, tags) =>
        call('TagResource', arn, () => void plane.tagResource({ ResourceArn: arn, Tags: { ...tags } })),
      untag: (arn, keys) =>
        call('UntagResource', arn, () => void plane.untagResource({ ResourceArn: arn, tagKeys: [...keys] })),
    };
  }

  /** As the control plane has it, but for what a story says of the Airflow in it. */
  #describe(region: string, name: string): EnvironmentDescription | undefined {
    const found = describeIn(this.#universe.controlPlane(region), name);
    if (found === undefined) return undefined;
    const { status, version } = this.#universe.airflow(region);
    const airflowVersion = version === this.#universe.deployment.airflowVersion ? found.airflowVersion : version;
    return {
      ...found,
      status: status === 'AVAILABLE' ? found.status : status,
      airflowVersion,
      raw: { ...(found.raw as object), AirflowVersion: airflowVersion, NewerMember: 'planted-secret' },
    };
  }

  #airflow(region: string): RegionPorts['airflow'] {
    const model = this.#universe.airflow(region);
    const call = <T>(effect: () => T) => this.#call('airflow-env', region, 'InvokeRestApi', '', effect);
    return {
      region,
      health: () =>
        call(() => ({ metadatabase: true, scheduler: !model.frozen, latestSchedulerHeartbeat: model.beats.at(-1) })),
      dags: () =>
        call(() => {
          const own = ['mwaadr_canary', 'mwaadr_snapshot', 'mwaadr_restore', 'mwaadr_activate'];
          const dr = model.installed ? own.map((dagId) => ({ dagId, isPaused: false })) : [];
          return [...[...model.dags].map(([dagId, isPaused]) => ({ dagId, isPaused })), ...dr];
        }),
      trigger: (_, dagId, runId, conf) => call(() => model.trigger(dagId, runId, conf)),
      runState: (_, __, runId) => call(() => model.drRuns.get(runId)),
      importErrors: () =>
        call(() => {
          if (model.importErrors === 'unreadable') throw fault('error', 'airflow-env', region, 'InvokeRestApi');
          return model.importErrors;
        }),
      pauseAllUserDags: () => call(() => model.pauseAllUserDags()),
    };
  }

  #metrics(region: string): RegionPorts['metrics'] {
    const { beats } = this.#universe.airflow(region);
    return {
      region,
      schedulerHeartbeats: (_, periodSeconds, periods, now) =>
        this.#call('cloudwatch', region, 'GetMetricData', '', () => {
          const period = periodSeconds * 1000;
          const end = Math.floor(now / period) * period;
          return Array.from({ length: periods }, (__, index) => {
            const from = end - (periods - index) * period;
            const sum = beats.filter((at) => at >= from && at < from + period).length;
            return sum === 0 ? undefined : sum;
          });
        }),
      schedulerHeartbeatExisted: (_, now) =>
        this.#call('cloudwatch', region, 'GetMetricData', '', () => beats.some((at) => at > now - 86_400_000)),
    };
  }

  #keys(region: string): RegionPorts['keys'] {
    return {
      region,
      generateDataKey: (keyArn, context) =>
        this.#call('kms', region, 'GenerateDataKey', '', () => {
          const plaintext = Buffer.from(this.#hex(32), 'hex');
          return { plaintext, ciphertext: wrapKey(keyArn, plaintext, context) };
        }),
      encrypt: (keyArn, plaintext, context) =>
        this.#call('kms', region, 'Encrypt', '', () => wrapKey(keyArn, plaintext, context)),
      decrypt: (keyArn, ciphertext, context) =>
        this.#call('kms', region, 'Decrypt', '', () => {
          const plaintext = unwrapKey(keyArn, ciphertext, context);
          if (plaintext === undefined) throw fault('error', 'kms', region, 'Decrypt', 'InvalidCiphertextException');
          return plaintext;
        }),
    };
  }
}

const fault = (
  quality: AwsFault['quality'],
  service: Service,
  region: string,
  operation: string,
  awsCode = quality === 'error' ? 'Error' : CODES[quality],
): AwsFault => new AwsFault({ quality, service, region, operation, awsCode, message: `${awsCode} of the double` });
