import { z } from 'zod';

/**
 * What a deployment file may say about an MWAA environment: every member of CreateEnvironment and UpdateEnvironment
 * (Amazon MWAA API Reference), by the API's own name with a small first letter. Patterns and limits are the service's.
 * What a site derives from elsewhere is not here: name, source bucket, DAGs path, Airflow version, object versions.
 */

const LOG_LEVELS = ['CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG'] as const;

const moduleLogging = z
  .strictObject({
    enabled: z.boolean().describe('Whether it goes there at all.'),
    logLevel: z.enum(LOG_LEVELS).describe('From this level on.'),
  })
  .describe('One kind of log.');

const objectKey = z.string().min(1).max(1024).regex(/^[^/]/, 'must be a key in the DAGs bucket, without leading slash');

const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const MUST_BE_TAG = 'must be letters, digits, spaces and _.:/=+-@';

/** Settings that may be shared by both sites, or given or overridden for one of them. */
const shared = {
  environmentClass: z
    .enum(['mw1.micro', 'mw1.small', 'mw1.medium', 'mw1.large', 'mw1.xlarge', 'mw1.2xlarge'])
    .describe('The size of the machines.'),
  minWorkers: z.int().min(1).max(50).describe('Workers that are always there.'),
  maxWorkers: z.int().min(1).max(50).describe('Workers at most; more than 25 need a raised quota.'),
  schedulers: z.int().min(1).max(5).describe('From 2 to 5; 1 of mw1.micro.'),
  minWebservers: z.int().min(1).max(5).describe('From 2 to 5; 1 of mw1.micro.'),
  maxWebservers: z.int().min(1).max(5).describe('From 2 to 5; 1 of mw1.micro.'),
  webserverAccessMode: z
    .enum(['PRIVATE_ONLY', 'PUBLIC_ONLY', 'PUBLIC_AND_PRIVATE'])
    .describe(
      "From where Airflow's web server is reached. With `PRIVATE_ONLY` this action reaches Airflow only from within the VPC.",
    ),
  endpointManagement: z
    .enum(['SERVICE', 'CUSTOMER'])
    .describe('Who makes the endpoints in the VPC. It can never be changed.'),
  weeklyMaintenanceWindowStart: z
    .string()
    .regex(/^(MON|TUE|WED|THU|FRI|SAT|SUN):([01]\d|2[0-3]):(00|30)$/, 'must be a day and a half hour, as in SUN:03:30')
    .describe('Day and time, in UTC, as in `SUN:03:30`.'),
  airflowConfigurationOptions: z
    .record(
      z
        .string()
        .max(64)
        .regex(/^[a-z]+([a-z0-9._]*[a-z0-9_]+)?$/, 'must be an option of Airflow, as in core.parallelism'),
      z
        .string()
        .min(1)
        .max(65_536)
        .regex(/^[ -~]+$/, 'must be printable ASCII'),
    )
    .describe(
      'The whole set: an option that is left out is removed. No credentials: they belong into a secrets backend.',
    ),
  loggingConfiguration: z
    .strictObject({
      dagProcessingLogs: moduleLogging.optional(),
      schedulerLogs: moduleLogging.optional(),
      webserverLogs: moduleLogging.optional(),
      workerLogs: moduleLogging.optional(),
      taskLogs: moduleLogging.optional(),
    })
    .describe('What goes to CloudWatch Logs; a kind of log that is left out stays as it is.'),
  tags: z
    .record(
      z
        .string()
        .min(1)
        .max(128)
        .regex(tagText, MUST_BE_TAG)
        .regex(/^(?!aws:)/, 'must not begin with aws:, since AWS makes such tags itself'),
      z.string().min(1).max(256).regex(tagText, MUST_BE_TAG),
    )
    .describe('The whole set: a tag that is left out is removed, but for those that AWS makes itself.'),
  requirementsS3Path: objectKey.describe(
    'Key of requirements.txt in the DAGs bucket, when others upload it; else use `artifacts.requirements`.',
  ),
  pluginsS3Path: objectKey.describe(
    'Key of plugins.zip in the DAGs bucket, when others upload it; else use `artifacts.plugins`.',
  ),
  startupScriptS3Path: objectKey.describe(
    'Key of the startup script in the DAGs bucket, when others upload it; else use `artifacts.startupScript`.',
  ),
  workerReplacementStrategy: z
    .enum(['FORCED', 'GRACEFUL'])
    .describe('How an update replaces running workers: at once, or after their tasks, for twelve hours at most.'),
} as const;

/** What belongs to one Region and is never compared with the other's. */
const local = {
  executionRoleArn: z
    .string()
    .max(1224)
    .regex(/^arn:aws(-[a-z]+)*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/, 'must be the ARN of an IAM role')
    .describe('The role that the environment runs under.'),
  kmsKey: z
    .string()
    .max(1224)
    .regex(
      /^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:\d{12}:key\/[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/,
      'must be the ARN of a KMS key: MWAA takes neither aliases nor multi-Region keys',
    )
    .describe("ARN of a key of the site's own Region, for both sites or for none. It can never be changed."),
  networkConfiguration: z
    .strictObject({
      subnetIds: z.tuple([subnet(), subnet()]).describe('Two private subnets in two zones. They can never be changed.'),
      securityGroupIds: z
        .array(z.string().regex(/^sg-[a-zA-Z0-9\-._]+$/, 'must be the id of a security group'))
        .min(1)
        .max(5)
        .describe('Security groups of the same VPC.'),
    })
    .describe('Where the environment lives.'),
} as const;

function subnet() {
  return z.string().regex(/^subnet-[a-zA-Z0-9\-._]+$/, 'must be the id of a subnet');
}

export const sharedSettings = z.strictObject(shared).partial();
export const siteSettings = z.strictObject({ ...shared, ...local }).partial();

export type SiteSettings = Readonly<z.infer<typeof siteSettings>>;
