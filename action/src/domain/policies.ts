import { z } from 'zod';

/** The parts of a deployment file that say how changes and moves are made, beside what MWAA is told. */

const instant = z.iso.datetime({ message: 'must be a time in UTC, as in 2026-12-24T18:00:00Z' });
const reason = z.string().max(500).regex(/\S/, 'must say why').describe('Why, for those who read the plan.');
const pattern = z.string().min(1).max(250);
const WEEKLY = /^(MON|TUE|WED|THU|FRI|SAT|SUN):([01]\d|2[0-3]):[0-5]\d$/;
const weekTime = z
  .string()
  .regex(WEEKLY, 'must be a day and a time in UTC, as in FRI:18:00')
  .describe('As in `FRI:18:00`.');

export const manage = z
  .enum(['observe', 'standby-only', 'full'])
  .default('observe')
  .describe(
    "`observe`: the environments are somebody else's (Terraform, a console), we compare and report. `standby-only`: we change the standby. `full`: both sites.",
  );

export const active = z.strictObject({
  site: z.string().describe('Region of the active site.'),
  since: z
    .int()
    .min(0)
    .describe('The epoch since which it is. Never edit it: the pull request after a move writes the new one.'),
});

/** Reconcile does nothing until then; moves are not held. */
export const paused = z.strictObject({ reason, until: instant.describe('In UTC.') });

/** A time in which reconcile changes nothing; a move never waits for one. All times are UTC. */
export const freezeWindow = z.union([
  z.strictObject({ reason, from: instant.describe('In UTC.'), to: instant.describe('In UTC.') }),
  z.strictObject({
    reason,
    weekly: z
      .strictObject({ from: weekTime, to: weekTime })
      .describe('Each week, in UTC; it may run over the end of the week.'),
  }),
]);

/** A difference that is known and left alone until a day; `*` stands for any text. */
export const ignored = z.strictObject({
  field: pattern.describe('As a plan shows it, as in `Tags.team`; `*` stands for any text.'),
  reason,
  until: instant.optional().describe('From then on the difference counts again.'),
});

const patterns = z.array(pattern).default([]);

/** Values that belong to a Region and differ by right; patterns with `*`. */
export const siteLocal = z
  .strictObject({
    airflowConfigurationOptions: patterns.describe('Options whose value a site keeps.'),
    tags: patterns.describe('Tags whose value a site keeps.'),
    variables: patterns.describe('Not carried out by this release.'),
    connections: patterns.describe('Not carried out by this release.'),
    pools: patterns.describe('Not carried out by this release.'),
  })
  .prefault({})
  .describe('Names, with `*` for any text, of what belongs to a Region and differs by right.');

const repositoryPath = z.string().min(1);

/** Paths in this repository; what is not named is not ours to deploy. */
export const artifacts = z
  .strictObject({
    dags: repositoryPath.optional().describe('Folder of the DAGs.'),
    plugins: repositoryPath.optional().describe('Folder that becomes plugins.zip, or a zip.'),
    requirements: repositoryPath.optional().describe('requirements.txt.'),
    startupScript: repositoryPath.optional().describe('Shell script that MWAA runs before Airflow starts.'),
    replicationSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(900)
      .describe('How long replication may take before the action copies a file to the standby itself.'),
  })
  .describe('Files of this repository that are deployed to both sites. What is not named is not touched.');

const NOT_YET = 'Only the default is carried out by this release.';
const strategy = z.enum(['replace', 'merge', 'keep']).default('replace').describe(NOT_YET);
const inFlightPolicy = z.enum(['rerun', 'fail', 'skip', 'hold']);
const gapPolicy = z.enum(['trust-ledger', 'rerun', 'skip', 'hold']);

/** What a restore does with what it finds and with runs that were under way. */
export const restore = z
  .strictObject({
    variables: strategy,
    connections: strategy,
    pools: strategy,
    inFlight: z
      .strictObject({
        default: inFlightPolicy.default('rerun').describe(NOT_YET),
        dags: z.record(pattern, inFlightPolicy).default({}).describe(NOT_YET),
      })
      .prefault({})
      .describe('Tasks that were running when the site was lost.'),
    gap: z
      .strictObject({
        default: gapPolicy.default('rerun').describe(NOT_YET),
        dags: z.record(pattern, gapPolicy).default({}).describe(NOT_YET),
      })
      .prefault({})
      .describe('Runs that began after the newest snapshot.'),
  })
  .prefault({})
  .describe('What a restore does with what it finds and with runs that were under way.');

/** Commands of the user's own around a move, as names of workflows in this repository. */
export const hooks = z
  .strictObject({
    beforeMove: z.array(z.string().min(1)).default([]).describe('Not carried out by this release.'),
    afterMove: z.array(z.string().min(1)).default([]).describe('Not carried out by this release.'),
  })
  .prefault({})
  .describe('Workflows of this repository that are started around a move.');

/** How plans are shown. */
export const planOptions = z
  .strictObject({
    showOptions: patterns.describe(
      'Airflow configuration options whose values may be seen in comments and summaries; others are hidden, but for a few harmless ones.',
    ),
  })
  .prefault({})
  .describe('How plans are shown.');

export type FreezeWindow = Readonly<z.infer<typeof freezeWindow>>;
export type Ignored = Readonly<z.infer<typeof ignored>>;
export type Manage = z.infer<typeof manage>;
export type Artifacts = Readonly<z.infer<typeof artifacts>>;
