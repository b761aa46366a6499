import { z } from 'zod';
import { sha256 } from './envelope.ts';
import { PARTS } from './fingerprint.ts';
import type { Plan, Shown } from './plan-model.ts';
import { instant, parseStored, versioned } from './stored-json.ts';

/** `all`: what Git says; `self-heal`: only the fields that the file lets us set right unasked. */
export const RECONCILE_SCOPES = ['all', 'self-heal'] as const;
export type ReconcileScope = (typeof RECONCILE_SCOPES)[number];

const step = z.object({
  /** Region of the site. */
  site: z.string(),
  kind: z.enum(['create', 'update', 'tag', 'untag']),
  fields: z.array(z.string()),
  /** LastUpdate's CreatedAt before the change was asked for, in milliseconds; `null` = there was none. */
  before: z.number().nullable(),
  at: instant,
  /** Whether the site owed no proof before it: a change that is rolled back leaves none owed, either. */
  wasProven: z.boolean().default(false),
});

const reconcileRecord = z.object({
  ...versioned,
  deployment: z.string(),
  scope: z.enum(RECONCILE_SCOPES),
  /** Of the plan as it was reviewed; of the half-applied plan's remainder it would be another one. */
  digest: z.string(),
  /** Field → what Git and both sites showed when the first step began. */
  fingerprints: z.record(z.string(), z.string()),
  /** Field → 8 hex of what each site showed then. */
  shown: z.record(z.string(), z.object({ active: z.string(), standby: z.string() })),
  epoch: z.int(),
  bundle: z.string().nullable(),
  actor: z.string(),
  startedAt: instant,
  /** The latest change that was asked of the service, written before it was asked for; `null` = none yet. */
  step: step.nullable(),
  /** All fields that were asked to change, by site. */
  touched: z.array(z.object({ site: z.string(), fields: z.array(z.string()) })),
  /**
   * Sites that were told a change and have not proven themselves healthy since, also by an earlier plan: Region → DAG
   * files that Airflow could not import before the first change; `null` = nobody could say.
   */
  unproven: z.record(z.string(), z.int().nullable()).default({}),
  outcome: z.enum(['under way', 'done', 'failed']),
  /** Why it failed. */
  message: z.string(),
});

/**
 * What reconcile is doing to a deployment: `control/<deployment>/reconcile.json` in the standby's DR bucket. By it the
 * next run knows a running update as ours, and a half-applied plan as the one that was reviewed.
 */
export type ReconcileRecord = Readonly<z.infer<typeof reconcileRecord>>;
export type ReconcileStep = Readonly<z.infer<typeof step>>;

/** Throws `MDR-CONTROL-INVALID`. */
export const parseReconcileRecord = (body: Uint8Array, where: string): ReconcileRecord =>
  parseStored(reconcileRecord, body, where, 'MDR-CONTROL-INVALID');

/** In place of field names: a new environment also gets what the service fills in. */
const EVERY_FIELD = '*';

/** The record once a change has been asked for. `importErrors`: of this site, before it. */
export function withStep(
  record: ReconcileRecord,
  asking: Omit<ReconcileStep, 'wasProven'>,
  importErrors: number | null,
): ReconcileRecord {
  const step = { ...asking, wasProven: wasProven(record, asking) };
  const others = record.touched.filter(({ site }) => site !== step.site);
  const known = record.touched.find(({ site }) => site === step.site)?.fields ?? [];
  const asked = step.kind === 'create' ? [EVERY_FIELD] : [...step.fields, ...versionsOf(step.fields)];
  const fields = [...new Set([...known, ...asked])].toSorted();
  // Tags alone restart nothing.
  const isRestarted = step.kind === 'create' || step.kind === 'update';
  const unproven = isRestarted ? { [step.site]: importErrors, ...record.unproven } : record.unproven;
  return { ...record, step, touched: [...others, { site: step.site, fields }], unproven };
}

/** A try that was noted and never taken is no change. */
const wasProven = (
  { unproven, step }: ReconcileRecord,
  { site, before }: Pick<ReconcileStep, 'site' | 'before'>,
): boolean => !(site in unproven) || (step?.site === site && step.before === before && step.wasProven);

/** The record once the service has given its step up. `isBack`: the site runs on its old settings. */
export function withFailure(record: ReconcileRecord, message: string, isBack: boolean): ReconcileRecord {
  const { step } = record;
  const failed: ReconcileRecord = { ...record, outcome: 'failed', message };
  return isBack && step?.kind === 'update' && step.wasProven ? withProof(failed, step.site) : failed;
}

/** The record without the proofs that sites owe which are gone: a new environment begins anew. */
export const withoutGone = (record: ReconcileRecord, { sites }: Plan): ReconcileRecord =>
  sites.reduce((left, { region, status }) => (status === 'missing' ? withProof(left, region) : left), record);

/** The record once a site has proven itself healthy. */
export const withProof = (record: ReconcileRecord, site: string): ReconcileRecord => ({
  ...record,
  unproven: Object.fromEntries(Object.entries(record.unproven).filter(([name]) => name !== site)),
});

const PATH = /S3Path$/;

/** A path that is told without a version: the service fills in the object's current one. */
const versionsOf = (fields: readonly string[]): readonly string[] =>
  fields.filter((field) => PATH.test(field)).map((field) => field.replace(PATH, 'S3ObjectVersion'));

/** What each site shows now, for {@link ReconcileRecord}'s `shown`. */
export const shownAtSites = (plan: Plan): ReconcileRecord['shown'] =>
  Object.fromEntries(plan.fields.map((row) => [row.field, { active: short(row.active), standby: short(row.standby) }]));

const short = (value: Shown): string => sha256(JSON.stringify(value)).slice(0, 8);

/**
 * Of what moved since the review, that which we did not move ourselves. A field that we asked to change is ours while
 * each site shows in it what it showed at the beginning, or what it is to be.
 */
export const foreignMoves = (record: ReconcileRecord, plan: Plan, moved: readonly string[]): readonly string[] =>
  moved.filter((name) => !isOurs(record, plan, name));

function isOurs(record: ReconcileRecord, plan: Plan, name: string): boolean {
  const touched = record.touched.filter(({ fields }) => fields.includes(name) || fields.includes(EVERY_FIELD));
  if (name === PARTS.sites) return touched.length > 0;
  if (name === PARTS.artifacts)
    return record.bundle === plan.artifacts.bundle && (record.bundle !== null || readsAnew(record));
  if ((Object.values(PARTS) as readonly string[]).includes(name) || touched.length === 0) return false;
  const row = plan.fields.find(({ field }) => field === name);
  const isAsItWas = (role: 'active' | 'standby') =>
    short(row?.[role] ?? null) === (record.shown[name]?.[role] ?? NOT_SET);
  const isAsWanted = (role: 'active' | 'standby') =>
    touched.some(({ site }) => site === plan[role]) && row?.changes.includes(role) !== true;
  return (['active', 'standby'] as const).every((role) => isAsItWas(role) || isAsWanted(role));
}

const NOT_SET = short(null);

/** Whether a site was told to read other objects than before: what it reads is compared with the other's, declared or not. */
const readsAnew = ({ touched }: ReconcileRecord): boolean =>
  touched.some(({ fields }) => fields.some((field) => field === EVERY_FIELD || field.endsWith('S3ObjectVersion')));
