import { z } from 'zod';

/**
 * A plan as it is shown, kept and compared: what Git wants, what both sites are, what reconcile would do. No value that
 * must be hidden is in it. Text, JSON (docs/plan.schema.json is generated from here) and Markdown come from this alone.
 */

/**
 * A value as it may be shown. Hidden values of one row are told apart by letters: the same letter, the same value.
 * `null` = not set.
 */
const shown = z.union([z.strictObject({ text: z.string() }), z.strictObject({ hidden: z.string() }), z.null()]);

/**
 * `in sync`: Git, active and standby agree (or Git says nothing and the sites agree); `drift`: a site is not what Git
 * says; `parity drift`: Git says nothing and the standby is not as the active site; `immutable`: it differs and the
 * service cannot change it; `site-local`: differs by right; `ignored`: a declared exception.
 */
export const FIELD_VERDICTS = ['in sync', 'drift', 'parity drift', 'immutable', 'site-local', 'ignored'] as const;

const fieldRow = z.strictObject({
  field: z.string(),
  /** What Git wants at the active site and at the standby: usually one value. */
  git: z.strictObject({ active: shown, standby: shown }),
  active: shown,
  standby: shown,
  verdict: z.enum(FIELD_VERDICTS),
  /** Which sites would be changed. */
  changes: z.array(z.enum(['active', 'standby'])),
  /** What the difference would mean at a failover; '' when nothing. */
  consequence: z.string(),
});

const change = z.strictObject({
  /** What is asked of the service. */
  kind: z.enum(['create', 'update', 'tag', 'untag', 'upload', 'delete object']),
  /** Fields or object keys. */
  fields: z.array(z.string()),
});

const sitePlan = z.strictObject({
  region: z.string(),
  environment: z.string(),
  role: z.enum(['active', 'standby']),
  /** GetEnvironment's status, or `missing`. */
  status: z.string(),
  /** In the order in which they are made. Empty = nothing to do here. */
  changes: z.array(change),
  /** Usual minutes that this site's changes take; `null` when they take none. */
  usualMinutes: z.strictObject({ from: z.number(), to: z.number() }).nullable(),
});

const refusal = z.strictObject({
  code: z.string(),
  field: z.string(),
  message: z.string(),
  fix: z.string(),
});

const artifactRow = z.strictObject({
  path: z.string(),
  verdict: z.enum([
    'in sync',
    'new',
    'changed',
    'deleted',
    'missing at the standby',
    'differs at the standby',
    'foreign',
  ]),
  /** What it would mean at a failover; '' when nothing. */
  consequence: z.string().default(''),
});

export const planSchema = z.strictObject({
  schemaVersion: z.literal(1),
  operation: z.literal('plan'),
  deployment: z.string(),
  /** Path of the deployment file. */
  file: z.string(),
  at: z.string(),
  tool: z.string(),
  manage: z.enum(['observe', 'standby-only', 'full']),
  /** The site that is active by the control records; site 0 when the deployment is not installed yet. */
  active: z.string(),
  standby: z.string(),
  /** `null` when there is no control record yet. */
  epoch: z.int().nullable(),
  /**
   * `in sync`: nothing to do; `changes`: reconcile has work; `differs`: there are differences that `manage` leaves to
   * others; `refused`: reconcile would refuse.
   */
  outcome: z.enum(['in sync', 'changes', 'differs', 'refused']),
  /** In the order of work: the standby first. */
  sites: z.tuple([sitePlan, sitePlan]),
  fields: z.array(fieldRow),
  artifacts: z.strictObject({
    /** SHA-256 over what the repository would deploy; `null` when no artifacts are declared. */
    bundle: z.string().nullable(),
    rows: z.array(artifactRow),
  }),
  /** What the file's `active` says beside the control record. */
  role: z.strictObject({
    verdict: z.enum(['not declared', 'agrees', 'asks to move', 'names an old epoch', 'names a future epoch']),
    message: z.string(),
  }),
  refusals: z.array(refusal),
  /** What the reader has to know before the merge: hours without protection, outages, windows. */
  notices: z.array(z.string()),
  /** `YYYY…`: a window or a pause holds reconcile until then; `null` = free. */
  heldUntil: z.strictObject({ until: z.string(), reason: z.string() }).nullable(),
  /** Hex SHA-256 over desired and observed settings, artifacts and tool: what was reviewed is what is applied. */
  digest: z.string(),
});

export type Plan = Readonly<z.infer<typeof planSchema>>;
export type FieldRow = Readonly<z.infer<typeof fieldRow>>;
export type SitePlan = Readonly<z.infer<typeof sitePlan>>;
export type Change = Readonly<z.infer<typeof change>>;
export type Refusal = Readonly<z.infer<typeof refusal>>;
export type ArtifactRow = Readonly<z.infer<typeof artifactRow>>;
export type Shown = Readonly<z.infer<typeof shown>>;
export type FieldVerdict = (typeof FIELD_VERDICTS)[number];
