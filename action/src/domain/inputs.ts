import { z } from 'zod';
import { MdrError } from './errors.ts';
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

/** One schema an operation: an input is required only where it means something. */
export const INPUTS = {
  install: z.strictObject({ wait: seconds }),
  check: z.strictObject({ wait: seconds, observer }),
  snapshot: z.strictObject({ force: flag }),
  verify: z.strictObject({ snapshot: snapshotId }),
  status: z.strictObject({}),
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
