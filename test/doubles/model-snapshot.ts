import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { deriveKey, manifestMac, seal, unsealPart } from '../../action/src/domain/envelope.ts';
import type { Deployment, Site } from '../../action/src/domain/deployment.ts';
import type { Manifest } from '../../action/src/domain/manifest.ts';
import { keyAliasArn } from '../../action/src/domain/names.ts';
import { unwrapKey, wrapKey } from './memory-kms.ts';

export interface ModelRun {
  readonly dagId: string;
  readonly runId: string;
  readonly state: 'running' | 'success';
}

export interface ModelTables {
  readonly runs: readonly ModelRun[];
  /** DAG id → paused. */
  readonly dags: ReadonlyMap<string, boolean>;
  /** The highest id of a run; else as many as there are. */
  readonly lastRunId?: number;
  /** Since when its state row is there. */
  readonly rowSince?: string;
}

interface SnapshotFacts {
  readonly deployment: Deployment;
  readonly id: string;
  readonly at: number;
  readonly lineage: { readonly site: string; readonly epoch: number };
  readonly tables: ModelTables;
  /** Sites whose keys answered. */
  readonly wrappedFor?: readonly Site[];
}

const contextOf = (deployment: string, id: string) => ({ 'mwaadr:deployment': deployment, 'mwaadr:snapshot': id });

/** A snapshot byte for byte as docs/formats.md wants it, of tables that are only runs. */
export function writeSnapshot(facts: SnapshotFacts): ReadonlyMap<string, Uint8Array> {
  const { deployment, id, at, lineage, tables, wrappedFor = deployment.sites } = facts;
  const dataKey = createHash('sha256').update(id).digest();
  const layers = [
    { layer: 'inert', runs: tables.runs.filter(({ state }) => state === 'success') },
    { layer: 'live', runs: tables.runs.filter(({ state }) => state === 'running') },
  ] as const;
  const parts = layers.map(({ layer, runs }, index) => {
    const nonce = Buffer.alloc(12, index);
    const name = `${layer}-0001`;
    const body = sealPart(dataKey, nonce, JSON.stringify(runs), `${deployment.deployment}/${id}/dag_run/${name}`);
    const sha256 = createHash('sha256').update(body).digest('hex');
    return { layer, body, part: { name, rows: runs.length, bytes: body.length, sha256 } };
  });
  const time = new Date(at).toISOString();
  const manifest = {
    schemaVersion: 1,
    id,
    deployment: deployment.deployment,
    lineage,
    previous: null,
    takenAt: time,
    completedAt: time,
    airflow: { version: deployment.airflowVersion, alembic: { core: 'x', fab: null } },
    level: 'full',
    compression: 'gzip',
    wraps: wrappedFor.map((site) => {
      const keyArn = keyAliasArn(deployment, site);
      const ciphertext = wrapKey(keyArn, dataKey, contextOf(deployment.deployment, id));
      return { region: site.region, keyArn, ciphertext: Buffer.from(ciphertext).toString('base64') };
    }),
    tables: parts.map(({ layer, part }) => ({
      name: 'dag_run',
      layer,
      columns: ['dag_id', 'run_id', 'state'],
      rows: part.rows,
      hash: part.sha256,
      parts: [part],
    })),
    sequences: { dag_run: tables.lastRunId ?? tables.runs.length },
    ...(tables.rowSince && { lastIds: { dag_run: tables.lastRunId }, rowSince: tables.rowSince }),
    pauseSet: {
      unpaused: [...tables.dags].filter(([, paused]) => !paused).map(([dagId]) => dagId),
      paused: [...tables.dags].filter(([, paused]) => paused).map(([dagId]) => dagId),
    },
    inFlight: layers[1].runs.map(({ dagId, runId, state }) => ({ dagId, runId, state, tasks: { running: 1 } })),
    bundle: 'x',
  };
  const whole = JSON.stringify({ ...manifest, mac: manifestMac(dataKey, manifest) });
  return new Map([
    ...parts.map(({ body, part }) => [`dag_run/${part.name}`, body] as const),
    ['manifest.json', Buffer.from(whole, 'utf8')],
  ]);
}

function sealPart(dataKey: Uint8Array, nonce: Uint8Array, text: string, associated: string): Uint8Array {
  return Buffer.concat([
    nonce,
    seal(deriveKey(dataKey, 'mwaadr/parts/v1'), nonce, gzipSync(text, { level: 1 }), associated),
  ]);
}

/** The highest id of a run that a manifest tells of. */
export function lastRunIdOf(manifest: unknown): number | undefined {
  const { sequences } = manifest as { readonly sequences?: Readonly<Record<string, unknown>> };
  const id = sequences?.['dag_run'];
  return typeof id === 'number' ? id : undefined;
}

/** The runs of one layer, as a DR DAG at the site with this key reads them. */
export function readLayer(
  manifest: Manifest,
  keyArn: string,
  layer: 'inert' | 'live',
  part: (path: string) => Uint8Array,
): readonly ModelRun[] {
  const wrap = manifest.wraps.find((candidate) => candidate.keyArn === keyArn);
  const ciphertext = Buffer.from(wrap?.ciphertext ?? '', 'base64');
  const dataKey = unwrapKey(keyArn, ciphertext, contextOf(manifest.deployment, manifest.id));
  if (dataKey === undefined) throw new Error(`${keyArn} does not open ${manifest.id}`);
  const associated = `${manifest.deployment}/${manifest.id}/dag_run/${layer}-0001`;
  const packed = unsealPart(deriveKey(dataKey, 'mwaadr/parts/v1'), part(`dag_run/${layer}-0001`), associated);
  return JSON.parse(gunzipSync(packed).toString('utf8')) as readonly ModelRun[];
}
