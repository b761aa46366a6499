import { errorOf } from '../domain/aws-errors.ts';
import { KEPT, MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';

/** Calls by which credentials are got, before anything else can be called. */
const SIGN_IN = ['Credentials', 'GetIdToken', 'AssumeRoleWithWebIdentity'];

function fromFault(fault: AwsFault): MdrError {
  const { code, message, fix } = errorOf(fault);
  if (fault.service === 'sts' && SIGN_IN.includes(fault.operation)) {
    return new MdrError({
      code: 'MDR-CREDENTIALS',
      message,
      fix: 'On GitHub: give the job `permissions: id-token: write`, and `role-to-assume` a role that trusts this repository and environment. On a terminal: sign in to AWS.',
      state: KEPT,
    });
  }
  if (fault.service === 'airflow-env' && fault.quality === 'error') {
    const fix = 'Look at what Airflow answered, and at the log of its web server.';
    return new MdrError({ code: 'MDR-AIRFLOW-REST', message, fix, state: KEPT });
  }
  return new MdrError({ code, message, fix, state: KEPT });
}

/** Anything that was thrown, as an error that a user can act upon. */
export function knownError(error: unknown): MdrError {
  if (error instanceof MdrError) return error;
  if (error instanceof AwsFault) return fromFault(error);
  return new MdrError({
    code: 'MDR-INTERNAL',
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    fix: 'Run `status`, then the same operation again: every step can be repeated. Report this with the log.',
    state: KEPT,
    cause: error,
  });
}
