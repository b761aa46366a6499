/** What must go wrong safely, tried on the running pair by the bundle. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Effect, Region, RequestMatch } from '../sandbox/types.ts';
import { type Claim, claim } from './claims.ts';
import { listKeys, readObject } from './dr-bucket.ts';
import { DEPLOYMENT, drBucket, keys } from './names.ts';
import type { Cast } from './story.ts';

const ACTIVE: Region = 'us-east-1';
const STANDBY: Region = 'us-west-2';

/** One more reading than the bad periods that a verdict of UNHEALTHY needs, each a period after the last. */
const READINGS = 3;
const PERIOD_MS = 10_000;

const FAULTS: readonly { what: string; effect: Effect; match: RequestMatch }[] = [
  { what: 'CloudWatch denied', effect: 'denied', match: { service: 'monitoring' } },
  { what: 'S3 dark', effect: 'refused', match: { service: 's3' } },
  { what: 'InvokeRestApi throttled', effect: 'throttled', match: { service: 'airflow', endpoint: 'env' } },
  { what: 'GetEnvironment hanging', effect: 'hang', match: { service: 'airflow', endpoint: 'api' } },
];

/** One fault in the active Region for each of four observers: whatever it is, nobody calls the Region UNHEALTHY for it. */
export async function faultsAreNotOutages({ sandbox, act }: Cast): Promise<Claim[]> {
  const claims = await Promise.all(
    FAULTS.map(async ({ what, effect, match }, index) => {
      const accessKey = `AKIAOBSERVER0000000${index}`;
      sandbox.gateway(ACTIVE).fault(effect, { ...match, accessKey });
      const verdicts: string[] = [];
      for (let reading = 0; reading < READINGS; reading += 1) {
        if (reading > 0) await sleep(PERIOD_MS);
        const run = await act('check', { 'fail-on': 'never', observer: `observer-${index}` }, { accessKey });
        verdicts.push(run.outputs['verdict'] ?? 'none');
      }
      const good = verdicts.every((verdict) => ['HEALTHY', 'DEGRADED', 'UNKNOWN'].includes(verdict));
      return claim(`${what} in ${ACTIVE} is no outage`, good, verdicts.join(', '));
    }),
  );
  sandbox.gateway(ACTIVE).clearFaults();
  return claims;
}

/** What a refused operation must have left as it was. */
async function control({ sandbox }: Cast): Promise<string> {
  const records = await Promise.all(sandbox.regions.map((region) => readObject(sandbox, region, keys.control)));
  const role = await sandbox.sql(STANDBY, 'select epoch, role, move, inert_snapshot from mwaadr_state');
  return JSON.stringify([records.map((body) => body?.toString('utf8')), role]);
}

const CODE = /^MDR-SNAPSHOT-(PART|MANIFEST)/;

/** Flips one byte of an object at the standby, tries `verify` and `failover`, puts the byte back. */
async function refusesFlipped(cast: Cast, snapshot: string, key: string, at: number): Promise<Claim> {
  const { sandbox, act } = cast;
  const good = await readObject(sandbox, STANDBY, key);
  if (good === undefined) throw new Error(`no object ${key}`);
  const bad = Buffer.from(good);
  bad[at] = (bad[at] ?? 0) ^ 0x01;
  const put = (Body: Buffer) =>
    sandbox.s3(STANDBY).send(new PutObjectCommand({ Bucket: drBucket(STANDBY), Key: key, Body }));
  await put(bad);
  const before = await control(cast);
  const verify = await act('verify', { snapshot }, { mayFail: true });
  const inputs = { target: STANDBY, reason: 'rehearsal', confirm: DEPLOYMENT, override: 'force', snapshot };
  const failover = await act('failover', inputs, { mayFail: true });
  const after = await control(cast);
  await put(good);
  const named = [verify, failover].every(({ annotations }) =>
    annotations.some(({ message, properties }) => CODE.test(properties['title'] ?? '') && message.includes(key)),
  );
  const untouched = before === after;
  return claim(
    `one flipped byte in ${key.slice(key.indexOf(snapshot) + snapshot.length + 1)} stops verify and failover`,
    verify.code === 1 && failover.code === 1 && named && untouched,
    `verify ${verify.code ?? '-'}, failover ${failover.code ?? '-'}, object ${named ? '' : 'not '}named, ${untouched ? 'nothing' : 'SOMETHING'} touched`,
  );
}

export async function flippedBytesAreRefused(cast: Cast): Promise<Claim[]> {
  const { sandbox, act } = cast;
  const snapshot = (await act('snapshot', { force: 'true' })).outputs['snapshot'] ?? '';
  await sandbox.replicated();
  const objects = await listKeys(sandbox, STANDBY, keys.snapshot(snapshot));
  const part = objects.find((key) => key.includes('/task_instance/')) ?? '';
  const manifest = keys.manifest(snapshot);
  return [
    await refusesFlipped(cast, snapshot, part, 100),
    await refusesFlipped(
      cast,
      snapshot,
      manifest,
      (await readObject(sandbox, STANDBY, manifest))?.indexOf('"rows"') ?? 0,
    ),
  ];
}
