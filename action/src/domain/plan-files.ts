import { z } from 'zod';
import { MdrError, type ErrorCode, isErrorCode } from './errors.ts';
import { planSchema, type Plan } from './plan-model.ts';
import type { FleetFailure } from './results.ts';

/** The names under which a plan, or why there is none, is handed from job to job. */
export const PLAN_ENDING = '.plan.json';
export const FAILURE_ENDING = '.failure.json';

const planFileSchema = z.strictObject({ plan: planSchema, fingerprints: z.record(z.string(), z.string()) });

/** A plan with what a later plan is compared by. */
export interface PlanFile {
  readonly plan: Plan;
  readonly fingerprints: Readonly<Record<string, string>>;
}

const failureSchema = z.strictObject({
  file: z.string(),
  deployment: z.string().optional(),
  code: z.string(),
  message: z.string(),
  fix: z.string(),
  place: z.strictObject({ file: z.string(), line: z.int(), column: z.int() }).optional(),
});

/** What was to be planned and left neither a plan nor a failure: a job that dies must not look like one with nothing to do. */
export function unplanned(
  expected: readonly { readonly deployments: string }[],
  found: readonly { readonly file: string }[],
): readonly FleetFailure[] {
  const known = new Set(found.map(({ file }) => file));
  return expected
    .flatMap(({ deployments }) => deployments.split(' '))
    .filter((file) => file !== '' && !known.has(file))
    .map((file) => ({
      file,
      deployment: undefined,
      code: 'MDR-PLAN-MISSING',
      message: `${file} was not planned: its job ended without a plan of it`,
      fix: 'Look at the failed plan jobs of this run, and run them again.',
      place: undefined,
    }));
}

const unreadable = (path: string, cause: unknown): MdrError =>
  new MdrError({
    code: 'MDR-PLAN-FILE',
    message: `${path} is not what \`plan\` writes`,
    fix: 'Let `plan` and `comment` run from the same commit of the action, in the same run of the workflow.',
    state: 'nothing was touched',
    cause,
  });

/** Throws {@link MdrError} `MDR-PLAN-FILE`. */
export function parsePlan(path: string, text: string): PlanFile {
  try {
    return planFileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Throws {@link MdrError} `MDR-PLAN-FILE`. */
export function parseFailure(path: string, text: string): FleetFailure {
  try {
    const { code, deployment, place, ...failure } = failureSchema.parse(JSON.parse(text));
    return { ...failure, deployment, place, code: knownCode(code) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

const knownCode = (code: string): ErrorCode => (isErrorCode(code) ? code : 'MDR-INTERNAL');
