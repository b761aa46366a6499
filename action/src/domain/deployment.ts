import { z } from 'zod';
import { AIRFLOW_VERSIONS, reasonAgainstVersion } from './airflow-versions.ts';
import { sharedSettings, siteSettings } from './mwaa-settings.ts';
import * as policies from './policies.ts';

const seconds = (min: number, max: number) => z.int().min(min).max(max);

const site = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be the name of an AWS Region, as in us-east-1'),
  account: z.string().regex(/^\d{12}$/, 'must be an AWS account id of 12 digits, as a string'),
  // The service's own pattern: CreateEnvironment, member Name.
  environment: z.string().regex(/^[a-zA-Z][0-9a-zA-Z\-_]{0,79}$/, 'must be the name of an MWAA environment'),
  dagsBucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket'),
  dagsPath: z
    .string()
    .regex(/^[^/].*[^/]$|^[^/]$/, 'must be a key prefix without leading or trailing slash')
    .default('dags'),
  /** What this site's environment is told beyond, or instead of, what both are told. */
  mwaa: siteSettings.prefault({}),
});

/** The deployment file: `environments/<deployment>.json`. Unknown keys are refused. All periods are seconds. */
export const deploymentSchema = z.strictObject({
  $schema: z.string().optional(),
  deployment: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower case letters, digits and hyphens, at most 32'),
  /** `backup-restore`: the standby's environment is made at the failover. */
  strategy: z.enum(['warm-standby', 'backup-restore']),
  manage: policies.manage,
  airflowVersion: z.enum(AIRFLOW_VERSIONS, {
    error: ({ input }) => (typeof input === 'string' ? reasonAgainstVersion(input) : undefined),
  }),
  partition: z.enum(['aws', 'aws-us-gov', 'aws-cn']).default('aws'),
  /** Site 0 and site 1: the order is fixed for ever, since even epochs activate site 0 and odd ones site 1. */
  sites: z.tuple([site, site]),
  /** What both environments are told. A setting that neither this nor a site names follows the active site. */
  mwaa: sharedSettings.prefault({}),
  active: policies.active.optional(),
  paused: policies.paused.optional(),
  freeze: z.array(policies.freezeWindow).default([]),
  siteLocal: policies.siteLocal,
  ignore: z.array(policies.ignored).default([]),
  /** Fields that the drift check may set right by itself. */
  selfHeal: z.array(z.string().min(1)).default([]),
  artifacts: policies.artifacts.optional(),
  plan: policies.planOptions,
  restore: policies.restore,
  hooks: policies.hooks,
  objectives: z
    .strictObject({ rpoSeconds: seconds(1, 604_800).default(900), rtoSeconds: seconds(1, 604_800).default(900) })
    .prefault({}),
  snapshot: z
    .strictObject({
      everySeconds: seconds(10, 86_400).default(600),
      /** Tables that are not copied; history older than this many days is not, either. */
      excludeTables: z.array(z.string().min(1)).default([]),
      historyDays: z.int().min(1).max(3_650).optional(),
      keepDays: z.int().min(1).max(3_650).optional(),
    })
    .prefault({}),
  canary: z.strictObject({ everySeconds: seconds(5, 3_600).default(120) }).prefault({}),
  health: z
    .strictObject({
      periodSeconds: seconds(5, 3_600).default(300),
      badPeriods: z.int().min(1).max(10).default(2),
      /** Whether a lost Region is left without a human. */
      automaticFailover: z.boolean().default(false),
    })
    .prefault({}),
  lease: z.strictObject({ seconds: seconds(4, 600).default(60) }).prefault({}),
});

export type Deployment = Readonly<z.infer<typeof deploymentSchema>>;
export type Site = Readonly<Deployment['sites'][number]>;
/** Index of a site in the deployment file. */
export type SiteIndex = 0 | 1;

export const otherSite = (index: SiteIndex): SiteIndex => (index === 0 ? 1 : 0);

/** The site that an epoch activates: even epochs site 0, odd ones site 1. */
export const siteOfEpoch = (epoch: number): SiteIndex => (epoch % 2 === 0 ? 0 : 1);
