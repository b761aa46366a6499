/** Every name that the action, the DAGs and the infrastructure share is derived here and nowhere else. */
import type { Deployment, Site } from './deployment.ts';

export const KEY_ALIAS = 'alias/mwaadr';

/** The folder of the deployment files, and the schema that lies among them. */
export const ENVIRONMENTS = 'environments';
export const isDeploymentFile = (path: string): boolean => path.endsWith('.json') && !/(^|\/)schema\.json$/.test(path);

/** The workflows that have a role of their own for each deployment. */
export const WORKFLOWS = ['health', 'snapshot', 'failover', 'install', 'plan', 'reconcile', 'drift'] as const;
export type Workflow = (typeof WORKFLOWS)[number];

export const roleName = (deployment: Pick<Deployment, 'deployment'>, workflow: Workflow): string =>
  `mwaadr-${deployment.deployment}-${workflow}`;

/** The role of a workflow lives in the account of site 0, where the stack makes it. */
export const roleArn = (
  deployment: Pick<Deployment, 'deployment' | 'partition' | 'sites'>,
  workflow: Workflow,
): string => `arn:${deployment.partition}:iam::${deployment.sites[0].account}:role/${roleName(deployment, workflow)}`;

/**
 * The GitHub environment in which a workflow runs: where its approvals are set. What only reads, and takes many
 * deployments in one job, shares one.
 */
export const githubEnvironment = (deployment: Pick<Deployment, 'deployment'>, workflow: Workflow): string =>
  workflow === 'plan' || workflow === 'drift' ? `mwaadr-${workflow}` : `${deployment.deployment}-${workflow}`;

/** The ids of our own DAGs; everything that starts with `mwaadr_` is ours and is never copied or held. */
export const DAG_IDS = {
  canary: 'mwaadr_canary',
  snapshot: 'mwaadr_snapshot',
  restore: 'mwaadr_restore',
  activate: 'mwaadr_activate',
  uninstall: 'mwaadr_uninstall',
} as const;

/** Our own DAGs are never paused, held or copied. */
export const isOurDag = (dagId: string): boolean => dagId.startsWith('mwaadr_');

/** The DR bucket: one per account and Region, shared by all deployments there. */
export const drBucket = (site: Pick<Site, 'account' | 'region'>): string => `mwaadr-${site.account}-${site.region}`;

/** The alias ARN by which everybody addresses a site's key; KMS takes it wherever it takes a key id. */
export const keyAliasArn = (
  deployment: Pick<Deployment, 'partition'>,
  site: Pick<Site, 'account' | 'region'>,
): string => `arn:${deployment.partition}:kms:${site.region}:${site.account}:${KEY_ALIAS}`;

/** The name by which KMS knows the S3 of a Region; China's services have names of their own. */
export const s3Service = (region: string): string =>
  `s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

export const SNAPSHOTS_PREFIX = 'snapshots/';
export const EVIDENCE_PREFIX = 'evidence/';

/** Keys of objects in the DR bucket; docs/formats.md describes what is in each. */
export const keys = {
  control: (deployment: string) => `control/${deployment}.json`,
  controlPrefix: (deployment: string) => `control/${deployment}/`,
  journals: (deployment: string) => `control/${deployment}/journal/`,
  sites: (deployment: string) => `sites/${deployment}/`,
  results: (deployment: string) => `results/${deployment}/`,
  drift: (deployment: string) => `control/${deployment}/drift.json`,
  journalPrefix: (deployment: string, move: string) => `control/${deployment}/journal/${move}/`,
  journal: (deployment: string, move: string, step: number) =>
    `control/${deployment}/journal/${move}/${String(step).padStart(4, '0')}.json`,
  pauses: (deployment: string, move: string, nonce: string) =>
    `control/${deployment}/journal/${move}/pauses-${nonce}.json`,
  reconcile: (deployment: string) => `control/${deployment}/reconcile.json`,
  heal: (deployment: string, digest: string) => `control/${deployment}/heals/${digest}.json`,
  heartbeat: (deployment: string, region: string) => `sites/${deployment}/${region}/heartbeat.json`,
  observations: (deployment: string, region: string, observer: string) =>
    `sites/${deployment}/${region}/observations/${observer}.json`,
  observationsPrefix: (deployment: string, region: string) => `sites/${deployment}/${region}/observations/`,
  environment: (deployment: string, region: string) => `sites/${deployment}/${region}/environment.json`,
  snapshots: (deployment: string) => `${SNAPSHOTS_PREFIX}${deployment}/`,
  manifest: (deployment: string, snapshot: string) => `${SNAPSHOTS_PREFIX}${deployment}/${snapshot}/manifest.json`,
  result: (deployment: string, dagRunId: string) =>
    `results/${deployment}/${dagRunId.replaceAll(/[^A-Za-z0-9._-]/g, '_')}.json`,
  evidencePrefix: (deployment: string) => `${EVIDENCE_PREFIX}${deployment}/`,
  evidence: (deployment: string, move: string, ext: 'json' | 'md') => `${EVIDENCE_PREFIX}${deployment}/${move}.${ext}`,
} as const;

/** Where the DR DAGs live below a site's DAGs path. */
export const dagsKey = (site: Pick<Site, 'dagsPath'>, file: string): string => `${site.dagsPath}/mwaadr/${file}`;

/** Objects of ours in a site's DAGs bucket beside the DAGs themselves; other deployments may use the same bucket. */
export const bundleKeys = {
  prefix: (deployment: string) => `mwaadr/${deployment}/`,
  manifest: (deployment: string) => `mwaadr/${deployment}/bundle.json`,
  artifact: (deployment: string, file: string) => `mwaadr/${deployment}/artifacts/${file}`,
} as const;

/** What identifies one move everywhere; short, since InvokeRestApi takes paths of at most 64 characters. */
export const moveId = (epoch: number, random: string): string => `mv-${epoch}-${random.slice(0, 8)}`;

/** -1 for what is no id of a move. */
export const epochOfMove = (move: string): number => Number(/^mv-(\d+)-/.exec(move)?.[1] ?? -1);

/** The DAG run of a step: a repeated request meets a 409 instead of starting the step twice. */
export const moveRunId = (move: string, step: 'restore' | 'activate' | 'fence' | 'fence-owed'): string =>
  `${move}-${step}`;
