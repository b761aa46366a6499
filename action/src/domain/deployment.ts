import { z } from 'zod';
import { AIRFLOW_VERSIONS, reasonAgainstVersion } from './airflow-versions.ts';
import { sharedSettings, siteSettings } from './mwaa-settings.ts';
import * as policies from './policies.ts';

const seconds = (min: number, max: number) => z.int().min(min).max(max);

const site = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be the name of an AWS Region, as in us-east-1')
    .describe('The Region of this site; it is also the name by which everything calls the site.'),
  account: z
    .string()
    .regex(/^\d{12}$/, 'must be an AWS account id of 12 digits, as a string')
    .describe('Account id, as a string. Both buckets of the site have to belong to it.'),
  // The service's own pattern: CreateEnvironment, member Name.
  environment: z
    .string()
    .regex(/^[a-zA-Z][0-9a-zA-Z\-_]{0,79}$/, 'must be the name of an MWAA environment')
    .describe('Name of the MWAA environment. It can never be changed.'),
  dagsBucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket')
    .describe("The environment's source bucket, in this Region."),
  dagsPath: z
    .string()
    .regex(/^[^/].*[^/]$|^[^/]$/, 'must be a key prefix without leading or trailing slash')
    .default('dags')
    .describe('Folder of the DAGs in that bucket.'),
  mwaa: siteSettings
    .prefault({})
    .describe(
      "What this site's environment is told beyond, or instead of, what both are told. Options, tags and logs are joined with the shared ones, key by key.",
    ),
});

const objectives = z
  .strictObject({
    rpoSeconds: seconds(1, 604_800).default(900).describe('How much work may be lost: the age of the newest snapshot.'),
    rtoSeconds: seconds(1, 604_800).default(900).describe('How long a move may take.'),
  })
  .prefault({})
  .describe('What is promised; shown beside what is measured.');

const snapshot = z
  .strictObject({
    everySeconds: seconds(10, 86_400).default(600).describe('A snapshot this often; at most `objectives.rpoSeconds`.'),
    excludeTables: z
      .array(z.string().min(1))
      .default([])
      .describe('Tables that are not copied. Not carried out by this release.'),
    historyDays: z
      .int()
      .min(1)
      .max(3_650)
      .optional()
      .describe('Finished runs older than this are not copied. Not carried out by this release.'),
    keepDays: z
      .int()
      .min(1)
      .max(3_650)
      .optional()
      .describe('How long snapshots are kept. Not carried out by this release.'),
  })
  .prefault({})
  .describe('Copies of the active site: how often, and of what.');

const condition = z
  .union([z.strictObject({ lessThan: z.number() }), z.strictObject({ greaterThan: z.number() })])
  .describe('When a period is bad: `{"lessThan": 1}` or `{"greaterThan": 0}`.');

/** Bounds of CloudWatch's own types Namespace, MetricName and Dimension (API reference of GetMetricData). */
const extraMetric = z.strictObject({
  namespace: z
    .string()
    .regex(/^[^:].{0,254}$/, 'must be the namespace of a CloudWatch metric')
    .describe('Its CloudWatch namespace, in the Region of the site that is active.'),
  name: z.string().min(1).max(255).describe('Name of the metric.'),
  dimensions: z
    .record(z.string().min(1).max(255), z.string().min(1).max(1_024))
    .default({})
    .describe('Its dimensions. `{environment}` and `{region}` in a value stand for those of the active site.'),
  statistic: z.enum(['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount']).default('Sum').describe('Of each period.'),
  badWhen: condition,
});

const health = z
  .strictObject({
    periodSeconds: seconds(5, 3_600)
      .default(300)
      .describe('Length of a period in which a site is good or bad: whole minutes, as CloudWatch has them.'),
    badPeriods: z.int().min(1).max(10).default(2).describe('Bad periods in a row that make a site UNHEALTHY.'),
    extraMetrics: z
      .array(extraMetric)
      .max(10)
      .default([])
      .describe(
        'Your own metrics of whether the workflows run. Bad in all periods they agree with another witness that the scheduler is dead; alone they are a remark.',
      ),
    automaticFailover: z
      .boolean()
      .default(false)
      .describe('Whether a lost Region is left without a human. Not carried out by this release.'),
  })
  .prefault({})
  .describe('When a site counts as lost.');

/** The deployment file: `environments/<deployment>.json`. Unknown keys are refused. All periods are seconds. */
export const deploymentSchema = z.strictObject({
  $schema: z.string().optional().describe('`./schema.json`: lets an editor complete and check this file.'),
  deployment: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower case letters, digits and hyphens, at most 32')
    .describe("The deployment's name, that of the file: it stands in every key of the DR buckets and never changes."),
  strategy: z
    .enum(['warm-standby', 'backup-restore'])
    .describe('`warm-standby`: both environments run. `backup-restore`: the standby has none until one is needed.'),
  manage: policies.manage,
  airflowVersion: z
    .enum(AIRFLOW_VERSIONS, {
      error: ({ input }) => (typeof input === 'string' ? reasonAgainstVersion(input) : undefined),
    })
    .describe('The same at both sites: a snapshot is restored only into the version that it was taken from.'),
  partition: z.enum(['aws', 'aws-us-gov', 'aws-cn']).default('aws').describe('The partition of both Regions.'),
  sites: z
    .tuple([site, site])
    .describe(
      'Site 0 and site 1. Their order is fixed for ever: even epochs activate the first, odd ones the second. Who is active is not said by the order.',
    ),
  mwaa: sharedSettings
    .prefault({})
    .describe(
      'What both environments are told. A setting that neither this nor a site names stays as it is at the active site, and the standby follows it.',
    ),
  active: policies.active.optional().describe('Who is active by Git. The control records outrank it.'),
  paused: policies.paused.optional().describe('Reconcile changes nothing until then; moves are not held.'),
  freeze: z
    .array(policies.freezeWindow)
    .default([])
    .describe('Times in which reconcile changes nothing; a move never waits for one.'),
  siteLocal: policies.siteLocal,
  ignore: z.array(policies.ignored).default([]).describe('Differences that are known and left alone.'),
  selfHeal: z
    .array(z.string().min(1))
    .default([])
    .describe('Fields, as a plan shows them, that the drift check may set right by itself; `*` stands for any text.'),
  artifacts: policies.artifacts.optional(),
  plan: policies.planOptions,
  restore: policies.restore,
  hooks: policies.hooks,
  objectives,
  snapshot,
  canary: z
    .strictObject({ everySeconds: seconds(5, 3_600).default(120).describe('A heartbeat this often.') })
    .prefault({})
    .describe('The DAG that says that a site lives, and keeps the standby held.'),
  health,
  lease: z
    .strictObject({ seconds: seconds(4, 600).default(60).describe('How long a killed run blocks the next one.') })
    .prefault({})
    .describe('The lock that keeps two runs apart.'),
});

export type Deployment = Readonly<z.infer<typeof deploymentSchema>>;
export type Site = Readonly<Deployment['sites'][number]>;
/** Index of a site in the deployment file. */
export type SiteIndex = 0 | 1;

export const otherSite = (index: SiteIndex): SiteIndex => (index === 0 ? 1 : 0);

/** The site that an epoch activates: even epochs site 0, odd ones site 1. */
export const siteOfEpoch = (epoch: number): SiteIndex => (epoch % 2 === 0 ? 0 : 1);
