import { z } from 'zod';

/** The parts of a deployment file that say how changes and moves are made, beside what MWAA is told. */

const instant = z.iso.datetime({ message: 'must be a time in UTC, as in 2026-12-24T18:00:00Z' });
const reason = z.string().trim().min(1).max(500);
const pattern = z.string().min(1).max(250);
const WEEKLY = /^(MON|TUE|WED|THU|FRI|SAT|SUN):([01]\d|2[0-3]):[0-5]\d$/;
const weekTime = z.string().regex(WEEKLY, 'must be a day and a time in UTC, as in FRI:18:00');

/**
 * `observe`: the environments are somebody else's (Terraform, a console), we compare and report; `standby-only`: we
 * change the standby; `full`: both sites.
 */
export const manage = z.enum(['observe', 'standby-only', 'full']).default('observe');

/** Who is active by Git, and since which epoch: design of the rule in docs/gitops.md. */
export const active = z.strictObject({ site: z.string(), since: z.int().min(0) });

/** Reconcile does nothing until then; moves are not held. */
export const paused = z.strictObject({ reason, until: instant });

/** A time in which reconcile changes nothing; a move never waits for one. All times are UTC. */
export const freezeWindow = z.union([
  z.strictObject({ reason, from: instant, to: instant }),
  z.strictObject({ reason, weekly: z.strictObject({ from: weekTime, to: weekTime }) }),
]);

/** A difference that is known and left alone until a day; `*` stands for any text. */
export const ignored = z.strictObject({ field: pattern, reason, until: instant.optional() });

/** Values that belong to a Region and differ by right; patterns with `*`. */
export const siteLocal = z
  .strictObject({
    airflowConfigurationOptions: z.array(pattern).default([]),
    tags: z.array(pattern).default([]),
    variables: z.array(pattern).default([]),
    connections: z.array(pattern).default([]),
    pools: z.array(pattern).default([]),
  })
  .prefault({});

/** Paths in this repository; what is not named is not ours to deploy. */
export const artifacts = z.strictObject({
  dags: z.string().min(1).optional(),
  plugins: z.string().min(1).optional(),
  requirements: z.string().min(1).optional(),
  startupScript: z.string().min(1).optional(),
  /** How long replication may take before the action copies a file to the standby itself. */
  replicationSeconds: z.int().min(0).max(86_400).default(900),
});

const strategy = z.enum(['replace', 'merge', 'keep']).default('replace');
const inFlightPolicy = z.enum(['rerun', 'fail', 'skip', 'hold']);
const gapPolicy = z.enum(['trust-ledger', 'rerun', 'skip', 'hold']);

/** What a restore does with what it finds and with runs that were under way. */
export const restore = z
  .strictObject({
    variables: strategy,
    connections: strategy,
    pools: strategy,
    inFlight: z
      .strictObject({ default: inFlightPolicy.default('rerun'), dags: z.record(pattern, inFlightPolicy).default({}) })
      .prefault({}),
    gap: z
      .strictObject({ default: gapPolicy.default('rerun'), dags: z.record(pattern, gapPolicy).default({}) })
      .prefault({}),
  })
  .prefault({});

/** Commands of the user's own around a move, as names of workflows in this repository. */
export const hooks = z
  .strictObject({
    beforeMove: z.array(z.string().min(1)).default([]),
    afterMove: z.array(z.string().min(1)).default([]),
  })
  .prefault({});

/** How plans are shown. */
export const planOptions = z
  .strictObject({
    /** Options whose values may be shown in comments and summaries; all others are hidden. */
    showOptions: z.array(pattern).default([]),
  })
  .prefault({});

export type FreezeWindow = Readonly<z.infer<typeof freezeWindow>>;
export type Ignored = Readonly<z.infer<typeof ignored>>;
export type Manage = z.infer<typeof manage>;
export type Artifacts = Readonly<z.infer<typeof artifacts>>;
