import { readFile } from 'node:fs/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { AirflowVersion, Region, Sandbox } from '../sandbox/types.ts';
import { AirflowRest } from './airflow-rest.ts';
import { eventually } from './deadline.ts';

/** Planted values: they may be in the metadata databases, encrypted, and nowhere else. */
export const SECRETS = {
  apiKey: 'sk-live-4f9a1c77e2b84d0e',
  password: 'P@ss/w0rd+{"warehouse"}&<>',
  token: 'tok_b3RoZXItc2VjcmV0',
} as const;

export const PAUSED_ON_PURPOSE = 'legacy_export';
export const DAGS = [
  'catalog_refresh',
  'fx_rates',
  'invoices',
  'legacy_export',
  'nightly_report',
  'orders_ingest',
  'partner_delivery',
  'prices_refresh',
  'recommendations',
  'secrets_check',
] as const;

const file = new URL('platform/bookshop.py', import.meta.url);
const FILE = 'dags/bookshop.py';

/** The sandbox's own naming of a deployment's DAGs bucket. */
export const dagsBucket = (region: Region): string => `sandbox-dags-${region}`;

/** The first cron slot: some minutes ago, so that catchup has work. */
function start(minutesAgo: number): string {
  const minute = 60_000;
  return `${new Date(Math.floor(Date.now() / minute - minutesAgo) * minute).toISOString().slice(0, 19)}+00:00`;
}

async function upload(sandbox: Sandbox, region: Region): Promise<void> {
  const text = (await readFile(file, 'utf8')).replaceAll('__START__', start(4));
  await sandbox.s3(region).send(new PutObjectCommand({ Bucket: dagsBucket(region), Key: FILE, Body: text }));
}

/** DAGs that an environment has parsed, by its metadata database. */
export async function parsedDags(sandbox: Sandbox, region: Region): Promise<string[]> {
  const rows = await sandbox.sql(region, `select dag_id from dag where dag_id not like 'mwaadr\\_%' order by 1`);
  return rows.map((row) => String(row['dag_id']));
}

async function requireNoImportError(sandbox: Sandbox, region: Region): Promise<void> {
  const [error] = await sandbox.sql(region, 'select filename, stacktrace from import_error');
  if (error !== undefined) throw new Error(`${String(error['filename'])} in ${region}: ${String(error['stacktrace'])}`);
}

async function configure(rest: AirflowRest): Promise<void> {
  await rest.call('POST', '/pools', {
    name: 'warehouse',
    slots: 3,
    description: 'slots of the warehouse',
    include_deferred: false,
  });
  await rest.call('POST', '/variables', { key: 'shop_currency', value: 'EUR' });
  await rest.call('POST', '/variables', { key: 'payment_api_key', value: SECRETS.apiKey });
  await rest.call('POST', '/connections', {
    connection_id: 'warehouse',
    conn_type: 'postgres',
    host: 'warehouse.internal',
    login: 'etl',
    password: SECRETS.password,
    port: 5432,
    extra: JSON.stringify({ token: SECRETS.token }),
  });
}

/** Deploys the bookshop at a site's bucket, as its team's CI would; configures and unpauses it there once it is parsed. */
export async function deployPlatform(
  sandbox: Sandbox,
  region: Region,
  version: AirflowVersion,
  log: (line: string) => void,
): Promise<AirflowRest> {
  const rest = new AirflowRest(sandbox.airflowUrl(region), version);
  await upload(sandbox, region);
  await configure(rest);
  await Promise.all(
    sandbox.regions.map((one) =>
      eventually(
        `${one} has parsed the bookshop's DAGs`,
        120,
        async () => {
          const parsed = await parsedDags(sandbox, one);
          await requireNoImportError(sandbox, one);
          return DAGS.every((dag) => parsed.includes(dag)) ? true : undefined;
        },
        log,
      ),
    ),
  );
  for (const dag of DAGS) if (dag !== PAUSED_ON_PURPOSE) await rest.pause(dag, false);
  return rest;
}
