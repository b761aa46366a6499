import { AwsFault } from '../../action/src/domain/faults.ts';
import type { Service, Unreadable } from '../../action/src/domain/faults.ts';
import type { EnvironmentDescription, RegionPorts } from '../../action/src/domain/ports.ts';
import { unwrapKey, wrapKey } from './memory-kms.ts';
import { createIn, describeIn, namesIn, updateIn } from './memory-mwaa.ts';
import type { Universe } from './universe.ts';

export interface Request {
  readonly service: Service;
  readonly operation: string;
  /** S3 key, name of the environment, or method and path of a REST call that changes something. */
  readonly key: string;
}

/** How a request gets to its Region, if it does; `notAfter`: by the sender's clock, in milliseconds. */
export type Send = <T>(request: Request, effect: () => T, notAfter?: number) => Promise<T>;

const CODES: Readonly<Record<Unreadable, string>> = {
  dark: 'TimeoutError',
  denied: 'AccessDeniedException',
  throttled: 'ThrottlingException',
};

export const fault = (
  quality: AwsFault['quality'],
  service: Service,
  region: string,
  operation: string,
  awsCode = quality === 'error' ? 'Error' : CODES[quality],
): AwsFault => new AwsFault({ quality, service, region, operation, awsCode, message: `${awsCode} of the double` });

type RandomHex = (bytes: number) => string;

/** Everything of one Region of the universe, as it is behind `send`. */
export function portsOf(universe: Universe, region: string, send: Send, hex: RandomHex): RegionPorts {
  const identity = { service: 'sts', operation: 'GetCallerIdentity', key: '' } as const;
  return {
    region,
    objects: objectsOf(universe, region, send),
    environments: environmentsOf(universe, region, send),
    airflow: airflowOf(universe, region, send),
    metrics: metricsOf(universe, region, send),
    keys: keysOf(region, send, hex),
    identity: { region, caller: () => send(identity, () => 'arn:aws:iam::1:x') },
  };
}

function objectsOf(universe: Universe, region: string, send: Send): RegionPorts['objects'] {
  const s3 = universe.s3(region);
  const call = <T>(operation: string, key: string, effect: () => T) => send({ service: 's3', operation, key }, effect);
  const readable = <T>(key: string, content: T): T => {
    if (s3.sealed(key)) throw fault('denied', 's3', region, 'GetObject', 'AccessDenied');
    return content;
  };
  return {
    region,
    get: (bucket, key) => call('GetObject', key, () => readable(key, s3.get(bucket, key))),
    put: (bucket, key, body, when) => call('PutObject', key, () => s3.put(bucket, key, body, when)),
    list: (bucket, prefix, after) => call('ListObjectsV2', prefix, () => s3.list(bucket, prefix, after)),
    folders: (bucket, prefix) => call('ListObjectsV2', prefix, () => s3.folders(bucket, prefix)),
    delete: (bucket, key) =>
      call('DeleteObject', key, () => {
        s3.delete(bucket, key);
      }),
    head: (bucket, key, version) => call('HeadObject', key, () => s3.head(bucket, key, version)),
    sha256: (bucket, key, version) => call('GetObject', key, () => readable(key, s3.sha256(bucket, key, version))),
    replication: (bucket) => call('GetBucketReplication', '', () => s3.replication(bucket)),
  };
}

function environmentsOf(universe: Universe, region: string, send: Send): RegionPorts['environments'] {
  const plane = universe.controlPlane(region);
  const call = <T>(operation: string, key: string, effect: () => T) =>
    send({ service: 'airflow-api', operation, key }, effect);
  return {
    region,
    describe: (name) => call('GetEnvironment', name, () => describe(universe, region, name)),
    list: () => call('ListEnvironments', '', () => namesIn(plane)),
    create: (name, members) => call('CreateEnvironment', name, () => createIn(plane, name, members)),
    update: (name, members) => call('UpdateEnvironment', name, () => updateIn(plane, name, members)),
    tag: (arn, tags) => call('TagResource', arn, () => void plane.tagResource({ ResourceArn: arn, Tags: { ...tags } })),
    untag: (arn, keys) =>
      call('UntagResource', arn, () => void plane.untagResource({ ResourceArn: arn, tagKeys: [...keys] })),
  };
}

/** As the control plane has it, but for what a story says of the Airflow in it. */
function describe(universe: Universe, region: string, name: string): EnvironmentDescription | undefined {
  const found = describeIn(universe.controlPlane(region), name);
  if (found === undefined) return undefined;
  const { status, version } = universe.airflow(region);
  const airflowVersion = version === universe.deployment.airflowVersion ? found.airflowVersion : version;
  return {
    ...found,
    status: status === 'AVAILABLE' ? found.status : status,
    airflowVersion,
    raw: { ...(found.raw as object), AirflowVersion: airflowVersion, NewerMember: 'planted-secret' },
  };
}

function airflowOf(universe: Universe, region: string, send: Send): RegionPorts['airflow'] {
  const model = universe.airflow(region);
  const rest: Request = { service: 'airflow-env', operation: 'InvokeRestApi', key: '' };
  const call = <T>(effect: () => T) => send(rest, effect);
  return {
    region,
    pause: (_, dagId, { notAfter }) =>
      send(
        { ...rest, key: `PATCH dags/${dagId}` },
        () => {
          model.pause(dagId);
        },
        notAfter,
      ),
    deleteDag: (_, dagId) => send({ ...rest, key: `DELETE dags/${dagId}` }, () => model.deleteDag(dagId)),
    health: () =>
      call(() => ({ metadatabase: true, scheduler: !model.frozen, latestSchedulerHeartbeat: model.beats.at(-1) })),
    dags: () =>
      call(() => {
        const dags = [...model.dags, ...(model.installed ? model.drDags : [])];
        return dags.map(([dagId, isPaused]) => ({ dagId, isPaused }));
      }),
    trigger: (_, dagId, runId, conf) =>
      send({ ...rest, key: `POST dags/${dagId}/dagRuns/${runId}` }, () => model.trigger(dagId, runId, conf)),
    runState: (_, __, runId) => call(() => model.drRuns.get(runId)),
    work: (_, since) => call(() => ({ ...model.countWork(since), of: 'Airflow' as const })),
    importErrors: () =>
      call(() => {
        if (model.importErrors === 'unreadable') throw fault('error', 'airflow-env', region, 'InvokeRestApi');
        return model.importErrors;
      }),
  };
}

function metricsOf(universe: Universe, region: string, send: Send): RegionPorts['metrics'] {
  const { beats } = universe.airflow(region);
  const call = <T>(effect: () => T) => send({ service: 'cloudwatch', operation: 'GetMetricData', key: '' }, effect);
  return {
    region,
    schedulerHeartbeats: (_, periodSeconds, periods, now) =>
      call(() => {
        const period = periodSeconds * 1000;
        const end = Math.floor(now / period) * period;
        return Array.from({ length: periods }, (__, index) => {
          const from = end - (periods - index) * period;
          const sum = beats.filter((at) => at >= from && at < from + period).length;
          return sum === 0 ? undefined : sum;
        });
      }),
    values: (queries, periodSeconds, periods, now) =>
      call(() => {
        const period = periodSeconds * 1000;
        const end = Math.floor(now / period) * period;
        return queries.map(({ namespace, metric, dimensions }) =>
          Array.from({ length: periods }, (__, index) =>
            universe.metric({ region, namespace, metric, dimensions, at: end - (periods - index) * period }),
          ),
        );
      }),
    schedulerHeartbeatExisted: (_, now) => call(() => beats.some((at) => at > now - 86_400_000)),
  };
}

function keysOf(region: string, send: Send, hex: RandomHex): RegionPorts['keys'] {
  const call = <T>(operation: string, effect: () => T) => send({ service: 'kms', operation, key: '' }, effect);
  return {
    region,
    generateDataKey: (keyArn, context) =>
      call('GenerateDataKey', () => {
        const plaintext = Buffer.from(hex(32), 'hex');
        return { plaintext, ciphertext: wrapKey(keyArn, plaintext, context) };
      }),
    encrypt: (keyArn, plaintext, context) => call('Encrypt', () => wrapKey(keyArn, plaintext, context)),
    decrypt: (keyArn, ciphertext, context) =>
      call('Decrypt', () => {
        const plaintext = unwrapKey(keyArn, ciphertext, context);
        if (plaintext === undefined) throw fault('error', 'kms', region, 'Decrypt', 'InvalidCiphertextException');
        return plaintext;
      }),
  };
}
