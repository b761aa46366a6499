import { z } from 'zod';
import { MdrError } from './errors.ts';
import type { Workflow } from './names.ts';
import { didYouMean } from './suggest.ts';

const seconds = z
  .string()
  .regex(/^\d{1,6}$/, 'must be a whole number of seconds')
  .transform(Number)
  .default(0);
const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be the name of an AWS Region, as in us-west-2');
const snapshotId = z
  .string()
  .regex(/^\d{8}T\d{6}Z-e\d+-[0-9a-f]{8}$/, 'must be the id of a snapshot, as `status` lists them')
  .optional();
const observer = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be at most 64 letters, digits, dots, hyphens')
  .default('action');

/** A GitHub token: the job's own, or an app's. Never an option of a command line. */
const token = z.string().optional();
const count = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a number')
  .transform(Number);
const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be the digest of a plan, 64 hex digits')
  .optional();

/** Jobs that plan, as the output `groups` of `matrix` has them. */
const groups = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.issues.push({ code: 'custom', message: 'must be the output `groups` of `matrix`', input: text });
      return z.NEVER;
    }
  })
  .pipe(z.array(z.object({ deployments: z.string() })))
  .optional();

/** One schema an operation: an input is required only where it means something. */
export const INPUTS = {
  install: z.strictObject({ wait: seconds }),
  check: z.strictObject({ wait: seconds, observer }),
  snapshot: z.strictObject({ force: flag }),
  verify: z.strictObject({
    snapshot: snapshotId,
    /** Downloads every part instead of one. */
    deep: flag,
  }),
  status: z.strictObject({}),
  validate: z.strictObject({}),
  matrix: z.strictObject({
    /** Only deployments that this pull request, or that of the pushed commit, concerns. */
    'only-changed': flag,
    'github-token': token,
  }),
  plan: z.strictObject({
    /** Folder into which each plan is written, as JSON and as Markdown. */
    out: z.string().optional(),
  }),
  comment: z.strictObject({
    /** Folder in which the plans are, at any depth. */
    plans: z.string(),
    /** Those that there should be; without it nobody notices one that is missing. */
    expected: groups,
    'pull-request': count,
    'github-token': token,
  }),
  reconcile: z.strictObject({
    digest,
    scope: z.enum(['all', 'self-heal']).default('all'),
    'github-token': token,
  }),
  drift: z.strictObject({ 'github-token': token }),
  agree: z.strictObject({
    'active-site': region,
    epoch: count,
    'github-token': token,
    /** Of a GitHub App: pull requests that the job's own token opens start no checks. */
    'app-token': token,
  }),
  doctor: z.strictObject({}),
  import: z.strictObject({
    /** `<Region>/<environment>`, one for each site, in the order of the sites. */
    sites: z.string(),
  }),
  uninstall: z.strictObject({
    /** The deployment's name, typed once more. */
    confirm: z.string(),
    /** Snapshots, journals, results and evidence, too. */
    erase: flag,
  }),
  'check-dags': z.strictObject({
    /** A Python in which Airflow of the deployment's version is installed. */
    python: z.string().default('python3'),
  }),
  failover: z.strictObject({
    /** Region of the site that takes over. */
    target: region,
    reason: z.string().trim().min(1),
    /** The deployment's name, typed once more. */
    confirm: z.string(),
    override: z.enum(['none', 'force']).default('none'),
    snapshot: snapshotId,
    wait: seconds,
    observer,
  }),
} as const;

export type Operation = keyof typeof INPUTS;

/**
 * What `deployment` names: one file; a file that is yet to be written; or files, several of them or patterns, all of
 * `environments/` when it is left out.
 */
export const SCOPES = {
  install: 'one',
  check: 'one',
  snapshot: 'one',
  verify: 'one',
  failover: 'one',
  reconcile: 'one',
  agree: 'one',
  uninstall: 'one',
  doctor: 'many',
  'check-dags': 'one',
  import: 'new',
  status: 'many',
  validate: 'many',
  matrix: 'many',
  plan: 'many',
  comment: 'none',
  drift: 'many',
} as const satisfies Readonly<Record<Operation, 'one' | 'many' | 'new' | 'none'>>;

/** What has to work on the bad day, and to keep the way there open: a rule about changes never stands before it. */
export const FOR_MOVES: readonly Operation[] = [
  'install',
  'check',
  'snapshot',
  'verify',
  'failover',
  'status',
  'agree',
];

/** The workflow in whose name an operation acts: its role may do what the operation needs. */
export const WORKFLOW_OF = {
  install: 'install',
  uninstall: 'install',
  check: 'health',
  snapshot: 'snapshot',
  verify: 'snapshot',
  failover: 'failover',
  reconcile: 'reconcile',
  doctor: 'drift',
  status: 'drift',
  plan: 'plan',
  drift: 'drift',
  import: 'plan',
} as const satisfies Readonly<Partial<Record<Operation, Workflow>>>;
export type Inputs<O extends Operation> = Readonly<z.output<(typeof INPUTS)[O]>>;

export const OPERATIONS = Object.keys(INPUTS) as readonly Operation[];

/** Throws {@link MdrError} `MDR-INPUT-OPERATION`. */
export function requireOperation(name: string): Operation {
  const operation = OPERATIONS.find((known) => known === name);
  if (operation !== undefined) return operation;
  throw new MdrError({
    code: 'MDR-INPUT-OPERATION',
    message: `"${name}" is no operation${didYouMean(name, OPERATIONS)}`,
    fix: `Set \`operation\` to one of ${OPERATIONS.join(', ')}.`,
    state: 'nothing was touched',
  });
}

/**
 * The inputs of one operation; an empty text is an input that was not given. Throws {@link MdrError}
 * `MDR-INPUT-MISSING` or `MDR-INPUT-INVALID`.
 */
export function parseInputs<O extends Operation>(operation: O, raw: Readonly<Record<string, string>>): Inputs<O> {
  const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== ''));
  const parsed = INPUTS[operation].safeParse(given);
  if (parsed.success) return parsed.data as Inputs<O>;
  const issues = parsed.error.issues;
  const onlyMissing = issues.every(({ path }) => path.length > 0 && !(String(path[0]) in given));
  throw new MdrError({
    code: onlyMissing ? 'MDR-INPUT-MISSING' : 'MDR-INPUT-INVALID',
    message: issues.map((issue) => describe(issue, operation, given)).join('; '),
    fix: `Correct the inputs of \`${operation}\`; action.yml says what each one means.`,
    state: 'nothing was touched',
  });
}

function describe(issue: z.core.$ZodIssue, operation: Operation, given: Readonly<Record<string, string>>): string {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(INPUTS[operation].shape);
    return issue.keys.map((key) => `${operation} takes no input \`${key}\`${didYouMean(key, known)}`).join('; ');
  }
  const name = String(issue.path[0]);
  const value = given[name];
  if (value === undefined) return `the input \`${name}\` is missing`;
  const hint = issue.code === 'invalid_value' ? didYouMean(value, issue.values.map(String)) : '';
  return `the input \`${name}\`: ${issue.message}${hint}`;
}
