import { MdrError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import type { AwsFault } from './faults.ts';

const CODES: Readonly<Record<AwsFault['quality'], ErrorCode>> = {
  denied: 'MDR-AWS-DENIED',
  throttled: 'MDR-AWS-THROTTLED',
  dark: 'MDR-AWS-DARK',
  error: 'MDR-AWS-ERROR',
};

/** Nobody learns whose a bucket is: S3 has one answer for what we may not do and for what is not the expected owner's. */
export const OTHER_OWNER =
  'S3 answers the same where a bucket does not belong to the account that the deployment file names for its site.';

const FIXES: Readonly<Record<AwsFault['quality'], string>> = {
  denied: 'Give the role this permission; action/src/domain/grants.ts lists what each operation needs.',
  throttled: 'Run again in a minute: every step goes on where it stopped.',
  dark: 'Run `check` to see whether the Region is lost; every step goes on where it stopped.',
  error: 'Look at the message of the service; run again once its cause is gone.',
};

/** The error for a fault that an operation could not do without. `state`: what is left as it was, where that is known. */
export const errorOf = (fault: AwsFault, state?: string): MdrError =>
  new MdrError({
    code: CODES[fault.quality],
    message: `${fault.service} ${fault.operation} in ${fault.region}: ${fault.awsCode} ${fault.message}`.trim(),
    fix: fault.service === 's3' && fault.quality === 'denied' ? `${FIXES.denied} ${OTHER_OWNER}` : FIXES[fault.quality],
    ...(state === undefined ? {} : { state }),
    cause: fault,
  });
